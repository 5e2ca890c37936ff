import { beforeEach, describe, expect, test } from 'vitest'
import { beginPause } from '../../src/db/controls.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { pauseRun, resumeRun } from '../../src/engine/pause.ts'
import type { StartRequest } from '../../src/engine/start.ts'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import { defineAction, PermanentError, z } from '../../workers/action.ts'
import { describeOnEachBackend } from '../support/contract.ts'
import { holdAction } from '../support/hold-action.ts'
import { eventually } from '../support/eventually.ts'
import { disorder, statusesOf, stepOf, type RunRecord } from '../support/run-record.ts'
import { chain, fanIn, noop } from '../support/shapes.ts'
import type { TestEngine } from '../support/test-engine.ts'

/** How often each statement has been sent by the workers. */
const sent = new Map<string, number>()
/** Executions, as `run.step.attempt`. */
const executed: string[] = []

const { held, hold } = holdAction()

const ACTIONS = [
  hold,
  defineAction({
    name: 'fail',
    description: 'Fails for good',
    input: z.unknown(),
    output: z.null(),
    run: async () => {
      throw new PermanentError('no')
    },
  }),
  defineAction({
    name: 'fail_twice',
    description: 'Notes each execution; fails in its first two attempts',
    input: z.unknown(),
    output: z.number(),
    run: async ({ attempt, runId, stepId }) => {
      executed.push(`${runId}.${stepId}.${attempt}`)
      if (attempt < 3) throw new Error('not yet')
      return attempt
    },
  }),
]

beforeEach(() => {
  executed.length = 0
})

/**
 * What a run comes to for which each step was foreseen in time. On a machine that does much else that may need a few: what
 * has been foreseen is good for 4 s.
 */
const runInTime = (engine: TestEngine, definition: DefinitionInput, request?: StartRequest): Promise<RunRecord> =>
  eventually(async () => {
    sent.clear()
    const run = await engine.run(definition, request)
    expect([sent.get('beginnings'), sent.get('activations')]).toEqual([1, undefined])
    return run
  })

const countBatch = (name: string) => sent.set(name, (sent.get(name) ?? 0) + 1)

describe('one worker', () => {
  describeOnEachBackend({ onBatch: countBatch, actions: ACTIONS }, (engine) => {
    test('reads a chain once, at its first step: the commit of each tells about the next', async () => {
      const definition = chain('chain', 10)
      const run = await runInTime(engine(), definition)
      expect(disorder(run, definition)).toEqual([])
    })

    test('reads what never changes about a run once, however many steps it begins with', async () => {
      const definition = fanIn('fan-in', 30)
      sent.clear()
      const run = await engine().run(definition, { input: 'of the run' })
      expect(disorder(run, definition)).toEqual([])
      expect(sent.get('beginnings')).toBe(1)
    })

    test('asks about a step that waits for several neither while it has one of them in hand, nor when all completed here', async () => {
      const before = ['a', 'b', 'c']
      const steps = [
        ...before.map((id) => ({ id, type: 'hold' })),
        noop('one', before),
        noop('other', before),
        noop('end', ['one', 'other']),
      ]
      sent.clear()
      const id = await engine().start({ name: 'waits-for-several', steps })
      await eventually(() => before.every((step) => held.has(`${id}.${step}`)))
      for (const step of before) {
        held.get(`${id}.${step}`)!()
        await eventually(async () => statusesOf(await engine().read(id))[step] === 'completed')
      }
      expect((await engine().ended(id)).status).toBe('completed')
      expect(sent.get('read_if_settled')).toBeUndefined()
    })

    test('gives a step that it has foreseen its bindings, its condition and the branch taken, as a read would', async () => {
      const definition: DefinitionInput = {
        name: 'bound',
        steps: [
          { id: 'a', type: 'transform', config: { output: { amount: '$input.amount' } } },
          { id: 'b', type: 'transform', depends_on: ['a'], config: { output: '$a.amount' } },
          { id: 'size', type: 'condition', depends_on: ['b'], config: { expression: 'steps.b.output > 10' } },
          noop('large', [], { depends_on: [{ step: 'size', branch: 'true' }] }),
          noop('never', ['large'], { when: 'steps.large.status == "failed"' }),
        ],
      }
      const run = await runInTime(engine(), definition, { input: { amount: 14 } })
      expect(stepOf(run, 'b').output).toBe(14)
      expect(statusesOf(run)).toEqual({
        a: 'completed',
        b: 'completed',
        size: 'completed',
        large: 'completed',
        never: 'skipped',
      })
    })
  })
})

describe('several workers', () => {
  describeOnEachBackend({ workers: 4, actions: ACTIONS }, (engine) => {
    test('execute each attempt of a step once that is repeated at once, whichever had foreseen it', async () => {
      const steps = [
        noop('before'),
        noop('again', ['before'], { type: 'fail_twice', config: { max_retries: 2 }, retry: { delay_seconds: 0 } }),
      ]
      const ids = await Promise.all(Array.from({ length: 40 }, () => engine().start({ name: 'again', steps })))
      for (const id of ids)
        expect(stepOf(await engine().ended(id), 'again')).toMatchObject({ status: 'completed', output: 3 })
      expect([...executed].sort()).toEqual(ids.flatMap((id) => [1, 2, 3].map((n) => `${id}.again.${n}`)).sort())
    })
  })
})

describe('a worker that takes one step at a time', () => {
  describeOnEachBackend({ worker: { concurrency: 1 }, actions: ACTIONS }, (engine) => {
    /** `before`, then one step of the type and three others. */
    const fan = (type: string): DefinitionInput => ({
      name: `fan-${type}`,
      on_failure: 'stop',
      steps: [
        noop('before'),
        { id: 'one', type, depends_on: ['before'], priority: 9 },
        ...['a', 'b', 'c'].map((id) => noop(id, ['before'])),
      ],
    })

    test('begins no step that it has foreseen once a failure has stopped the run', async () => {
      const run = await engine().run(fan('fail'))
      expect(run.status).toBe('failed')
      expect(statusesOf(run)).toEqual({ before: 'completed', one: 'failed', a: 'skipped', b: 'skipped', c: 'skipped' })
    })

    const pauses: { told: string; pause: (system: Engine, id: string) => Promise<void> }[] = [
      { told: 'of that', pause: pauseRun },
      { told: 'nothing of that', pause: async ({ db }, id) => beginPause(db, [id]) },
    ]

    test.each(pauses)('begins no step that it has foreseen once the run is paused, told $told', async ({ pause }) => {
      const id = await engine().start(fan('hold'))
      await eventually(() => held.has(`${id}.one`))
      await pause(engine().engine, id)
      const before = await engine().read(id)
      expect(Object.values(statusesOf(before))).toContain('pending')
      held.get(`${id}.one`)!()
      // Behind the jobs of the paused run in the same queue.
      expect((await engine().run({ name: 'behind', steps: [noop('last', [], { priority: 0 })] })).status).toBe(
        'completed',
      )
      expect(statusesOf(await engine().read(id))).toEqual({ ...statusesOf(before), one: 'completed' })
      await resumeRun(engine().engine, id)
      expect((await engine().ended(id)).status).toBe('completed')
    })
  })
})
