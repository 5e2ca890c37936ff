import { describe, expect, it } from 'vitest'
import type { History, Stats } from '../../api/shapes.ts'
import { allInLine } from './in-line.ts'
import { needsOf } from './needs-of.ts'

const stats = (change: Partial<Stats> = {}) =>
  ({ runs: { paused: 0 }, approvals: { open: 0 }, queues: {}, workers: [{ queues: ['default'] }], ...change }) as Stats
const history = (failed = 0) => ({ buckets: [{ failed }, { failed: 0 }] }) as History
const texts = (...[about, past]: [Stats, History]) => needsOf(about, past, 'hour').map(({ text }) => text)

describe('what needs somebody', () => {
  it('is nothing while all goes well', () => {
    expect(texts(stats(), history())).toEqual([])
  })

  it('is what keeps everything from going on before what concerns single runs', () => {
    const bad = stats({ queues: null, workers: [], approvals: { open: 2 }, runs: { paused: 1 } as Stats['runs'] })
    expect(texts(bad, history(3))).toEqual([
      'The queue does not answer: nothing starts until it does',
      'No worker is alive: nothing is executed until one is',
      '3 runs failed in the last hour',
      '2 approvals are open',
      '1 run is paused',
    ])
  })

  it('is a queue of steps that no worker serves while jobs are in it', () => {
    const queues = {
      'steps-default': { prioritized: 2 },
      'steps-gpu': { prioritized: 1, waiting: 1 },
      'steps-old': { completed: 3 },
      gates: { waiting: 4 },
    }
    expect(texts(stats({ queues }), history())).toEqual(['2 jobs wait in queue steps-gpu, which no worker serves'])
    expect(allInLine(queues)).toBe(4)
  })

  it('is a paused queue only while jobs are in it', () => {
    const queues = { idle: { paused: 0, waiting: 0 }, mail: { paused: 1_200 } }
    expect(texts(stats({ queues }), history())).toEqual(['Queue mail is paused, with 1,200 jobs in it'])
  })
})
