import { describe, expect, it } from 'vitest'
import type { Attempt } from '../api/shapes.ts'
import { at, sampleStep } from '../graph/sample-graph.ts'
import { readyTimes } from './ready-times.ts'
import { segmentsOf } from './segments.ts'

const ms = (seconds: number) => Date.parse(at(seconds))
const shape = (segments: ReturnType<typeof segmentsOf>) =>
  segments.map(({ kind, from, to, isOpen }) => [kind, (from - ms(0)) / 1000, (to - ms(0)) / 1000, isOpen])
const live = { now: ms(10), isOver: false }

const attempt = (number: number, from: number, to: number | null, rest: Partial<Attempt> = {}): Attempt => ({
  attempt: number,
  status: to === null ? 'running' : 'failed',
  started_at: at(from),
  completed_at: to === null ? null : at(to),
  error: null,
  worker: null,
  retry_at: null,
  ...rest,
})

describe('the bar of a step', () => {
  it('is queued from the moment that it could begin, then runs', () => {
    const step = sampleStep('a', { status: 'completed', started_at: at(2), completed_at: at(5) })
    expect(shape(segmentsOf(step, { readyAt: ms(1), ...live }))).toEqual([
      ['queued', 1, 2, false],
      ['running', 2, 5, false],
    ])
  })

  it('goes on until now while the step does', () => {
    const queued = sampleStep('a')
    expect(shape(segmentsOf(queued, { readyAt: ms(4), ...live }))).toEqual([['queued', 4, 10, true]])
    const running = sampleStep('a', { status: 'running', started_at: at(4) })
    expect(shape(segmentsOf(running, { readyAt: ms(4), ...live }))).toEqual([['running', 4, 10, true]])
  })

  it('is empty where the step cannot begin, or never will', () => {
    expect(segmentsOf(sampleStep('a'), { readyAt: null, ...live })).toEqual([])
    expect(segmentsOf(sampleStep('a', { status: 'skipped' }), { readyAt: ms(1), ...live })).toEqual([])
    expect(segmentsOf(sampleStep('a'), { readyAt: ms(1), now: ms(10), isOver: true })).toEqual([])
  })

  it('waits where the step is parked', () => {
    const step = sampleStep('a', { type: 'approval', status: 'waiting', started_at: at(3) })
    expect(shape(segmentsOf(step, { readyAt: ms(3), ...live }))).toEqual([['waiting', 3, 10, true]])
  })

  it('has earlier tries as one piece until attempts are read', () => {
    const step = sampleStep('a', { status: 'completed', retry_count: 1, started_at: at(6), completed_at: at(7) })
    expect(shape(segmentsOf(step, { readyAt: ms(1), ...live }))).toEqual([
      ['tries', 1, 6, false],
      ['running', 6, 7, false],
    ])
  })

  it('has each attempt and the waits between them once they are read', () => {
    const step = sampleStep('a', { status: 'completed', retry_count: 1, started_at: at(6), completed_at: at(7) })
    const attempts = [attempt(1, 2, 3, { retry_at: at(5) }), attempt(2, 6, 7, { status: 'completed' })]
    expect(shape(segmentsOf(step, { readyAt: ms(1), ...live, attempts }))).toEqual([
      ['queued', 1, 2, false],
      ['running', 2, 3, false],
      ['backoff', 3, 5, false],
      ['queued', 5, 6, false],
      ['running', 6, 7, false],
    ])
  })

  it('backs off until now while it is to be tried again', () => {
    const step = sampleStep('a', { status: 'retrying', started_at: at(6) })
    const attempts = [attempt(1, 6, 8, { retry_at: at(20) })]
    expect(shape(segmentsOf(step, { readyAt: ms(6), ...live, attempts }))).toEqual([
      ['running', 6, 8, false],
      ['backoff', 8, 10, true],
    ])
  })

  it('backs off until the run ended, where it was to be tried again then', () => {
    const step = sampleStep('a', { status: 'skipped', started_at: at(6), completed_at: at(9) })
    const attempts = [attempt(1, 6, 8, { retry_at: at(20) })]
    expect(shape(segmentsOf(step, { readyAt: ms(6), now: ms(12), isOver: true, attempts }))).toEqual([
      ['running', 6, 8, false],
      ['backoff', 8, 9, false],
    ])
  })
})

describe('when a step could begin', () => {
  it('is when all that it depends on had settled, for an item when its map began', () => {
    const times = readyTimes({
      created_at: at(0),
      started_at: at(1),
      steps: [
        sampleStep('a', { status: 'completed', completed_at: at(4) }),
        sampleStep('b', { status: 'completed', completed_at: at(3) }),
        sampleStep('m', { type: 'map', status: 'waiting', depends_on: ['a', 'b'], started_at: at(5) }),
        sampleStep('m[0]', { parent_step_id: 'm' }),
        sampleStep('end', { depends_on: ['m'] }),
      ],
    })
    expect([...times].map(([id, time]) => [id, (time - ms(0)) / 1000])).toEqual([
      ['a', 1],
      ['b', 1],
      ['m', 4],
      ['m[0]', 5],
    ])
  })
})
