import { describe, expect, test, vi } from 'vitest'
import { RunQueue } from '../../src/queue/queue.ts'
import { BACKENDS } from '../support/contract.ts'
import { eventually } from '../support/eventually.ts'
import { disorder, statusesOf } from '../support/run-record.ts'
import { fanOut, noop } from '../support/shapes.ts'
import { startTestEngine, type TestEngine } from '../support/test-engine.ts'

/** Two steps, ten that wait for both, and one that waits for these. */
const JOINED = {
  name: 'joined',
  steps: [
    noop('a'),
    noop('b'),
    ...Array.from({ length: 10 }, (_, n) => noop(`m${n}`, ['a', 'b'])),
    noop(
      'last',
      Array.from({ length: 10 }, (_, n) => `m${n}`),
    ),
  ],
}

describe.each(BACKENDS)('on %s', (backend) => {
  const withEngine = async (work: (engine: TestEngine) => Promise<void>) => {
    const engine = await startTestEngine({ backend, workers: 0 })
    try {
      await work(engine)
    } finally {
      vi.restoreAllMocks()
      await engine.stop()
    }
  }
  /** Jobs of steps in the queue, and gates. */
  const jobsOf = async ({ engine }: TestEngine) => {
    const depths = await engine.queue.depths(['default'])
    const sum = (queue: string) => Object.values(depths[queue] ?? {}).reduce((all, count) => all + count, 0)
    return { steps: sum('steps-default'), gates: sum('gates') }
  }

  test('a fan-out begins with one of its branches; the others are added when they are due, at the priority of the run', () =>
    withEngine(async (engine) => {
      const definition = fanOut('fan-out', 30)
      const id = await engine.start(definition, { priority: 8 })
      await eventually(async () => expect(await jobsOf(engine)).toEqual({ steps: 2, gates: 0 }))
      const added = vi.spyOn(RunQueue.prototype, 'addLate')
      await engine.startWorker()
      const run = await engine.ended(id)
      expect(disorder(run, definition)).toEqual([])
      expect(Object.values(run.steps).filter(({ attempt }) => attempt !== 1)).toEqual([])
      expect(added.mock.calls.flatMap(([, steps]) => steps)).toHaveLength(28)
      expect(new Set(added.mock.calls.flatMap(([, steps]) => steps.map(({ step }) => step.priority)))).toEqual(
        new Set([8]),
      )
    }))

  test('late steps that could not be added are added when the job comes up again that was to add them', () =>
    withEngine(async (engine) => {
      const addLate = vi.spyOn(RunQueue.prototype, 'addLate').mockRejectedValueOnce(new Error('the queue is full'))
      const id = await engine.start(JOINED)
      await engine.startWorker()
      const run = await engine.ended(id)
      expect(disorder(run, JOINED)).toEqual([])
      expect(new Set(Object.values(statusesOf(run)))).toEqual(new Set(['completed']))
      expect(addLate.mock.calls.length).toBeGreaterThan(1)
    }))

  test('a run that is dispatched anew waits at gates, where it began with late steps', () =>
    withEngine(async (engine) => {
      const id = await engine.start(JOINED)
      await eventually(async () => expect((await jobsOf(engine)).steps).toBe(4))
      await engine.database.query('UPDATE runs SET queue_token = NULL WHERE id = $1', [id])
      await eventually(async () => expect((await jobsOf(engine)).gates).toBe(9))
      await engine.startWorker()
      const run = await engine.ended(id)
      expect(disorder(run, JOINED)).toEqual([])
      expect(run.epoch).toBe(2)
    }))
})
