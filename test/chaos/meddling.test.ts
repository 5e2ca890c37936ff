import type { Job, Queue } from 'bullmq'
import { describe, test, type ExpectStatic } from 'vitest'
import type { QueueBackend } from '../../src/queue/connection.ts'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import { defineTransaction, sql, z } from '../../workers/action.ts'
import { BACKENDS } from '../support/contract.ts'
import { createEffects, effectsOf } from '../support/effects.ts'
import { eventually } from '../support/eventually.ts'
import { disorder, statusesOf, stepOf } from '../support/run-record.ts'
import { lattice } from '../support/shapes.ts'
import { startTestEngine } from '../support/test-engine.ts'

/**
 * People with Bull Board: everything that its buttons do, done to the queues while runs are in flight. Whatever it is,
 * every run still ends as it should, in order, and no step that completed is executed again.
 */

/** The queues as Bull Board has them. */
interface Queues {
  runs: Queue
  steps: Queue
  gates: Queue
}

const RUNS = 4
/** Engines at a time; on Postgres each takes some 53 of the 400 connections. */
const AT_ONCE = { redis: 7, postgres: 5 }
/** A sweep looks at runs that have been quiet for 4 s. */
const PATIENCE = { timeoutMs: 120_000, everyMs: 100 }

/** 30 steps with 18 gates, each of which takes a while: about 2 s without meddling. */
const definition: DefinitionInput = {
  name: 'meddled',
  steps: (lattice('meddled', { layers: 5, width: 6, reach: 3 }).steps ?? []).map((step) => ({
    ...step,
    config: { action: 'effect', duration_seconds: 0.25 },
  })),
}

const EACH_ONCE = Object.fromEntries(definition.steps.map((step) => [step.id, 1]))

const EFFECT = defineTransaction({
  name: 'effect',
  description: 'Writes one row of effects for its step',
  input: z.unknown(),
  output: z.null(),
  transaction: async (tx, { runId, stepId, attempt }) => {
    await tx.execute(sql`INSERT INTO effects (run_id, step_id, attempt) VALUES (${runId}, ${stepId}, ${attempt})`)
    return null
  },
})

/** A job may be locked, or gone, or in another state by now: the board shows an error, and we go on. */
const anyway = (works: readonly Promise<unknown>[]) => Promise.allSettled(works)

/** Presses the button until it works: on Postgres, BullMQ's own transactions may deadlock. */
const insist = (act: () => Promise<unknown>) => eventually(act)

async function each(queue: Queue, states: Parameters<Queue['getJobs']>[0], act: (job: Job) => Promise<unknown>) {
  const jobs = await queue.getJobs(states)
  await anyway(jobs.filter((job) => job !== undefined && job !== null).map(act))
}

const MEDDLINGS: { name: string; meddle: (queues: Queues) => Promise<unknown> }[] = [
  { name: 'all gates are removed', meddle: ({ gates }) => each(gates, ['wait'], (job) => job.remove()) },
  { name: 'the gates are obliterated', meddle: ({ gates }) => insist(() => gates.obliterate({ force: true })) },
  {
    name: 'waiting steps are deleted',
    meddle: ({ steps }) => each(steps, ['wait', 'prioritized', 'delayed'], (job) => job.remove()),
  },
  { name: 'parked steps are deleted', meddle: ({ steps }) => each(steps, ['waiting-children'], (job) => job.remove()) },
  { name: 'root jobs are deleted', meddle: ({ runs }) => each(runs, ['waiting-children'], (job) => job.remove()) },
  {
    name: 'root jobs are deleted without what hangs below them',
    meddle: ({ runs }) => each(runs, ['waiting-children'], (job) => job.remove({ removeChildren: false })),
  },
  {
    name: 'finished jobs are retried',
    meddle: ({ steps }) =>
      anyway([steps.retryJobs({ state: 'completed' }), each(steps, ['completed'], (job) => job.retry('completed'))]),
  },
  { name: 'the queue of steps is drained', meddle: ({ steps }) => insist(() => steps.drain(true)) },
  { name: 'the queue of steps is obliterated', meddle: ({ steps }) => insist(() => steps.obliterate({ force: true })) },
  { name: 'the queue of runs is obliterated', meddle: ({ runs }) => insist(() => runs.obliterate({ force: true })) },
  {
    name: 'active, waiting and finished jobs are cleaned away',
    meddle: ({ steps }) =>
      anyway(
        (['active', 'wait', 'prioritized', 'completed', 'failed'] as const).map((state) => steps.clean(0, 0, state)),
      ),
  },
  {
    name: 'jobs are added by hand for steps that are not due, or done',
    meddle: ({ steps }) =>
      each(steps, ['waiting-children', 'completed', 'active'], (job) => steps.add(job.name, job.data, { priority: 1 })),
  },
  { name: 'delayed jobs are promoted', meddle: ({ steps }) => steps.promoteJobs() },
  {
    name: 'the queue is paused, and goes on after a while',
    meddle: async ({ steps }) => {
      await steps.pause()
      await eventually(async () => (await steps.getActiveCount()) === 0)
      await steps.resume()
    },
  },
]

/** Meddles while runs are in flight, and checks what became of them. */
async function expectRightEnds(
  expect: ExpectStatic,
  backend: QueueBackend,
  meddle: (queues: Queues) => Promise<unknown>,
): Promise<void> {
  const engine = await startTestEngine({ backend, actions: [EFFECT] })
  try {
    await createEffects(engine.database)
    const ids = await Promise.all(Array.from({ length: RUNS }, () => engine.start(definition)))
    await eventually(async () => {
      const [row] = await engine.database.query<{ done: number }>('SELECT count(*)::int AS done FROM effects')
      expect(row?.done).toBeGreaterThan(RUNS * 3)
    })
    const [runs, steps, gates] = engine.engine.queue.boardQueues(['default'])
    await meddle({ runs: runs!, steps: steps!, gates: gates! })
    for (const id of ids) {
      const run = await engine.ended(id, PATIENCE)
      expect(run.status).toBe('completed')
      expect(new Set(Object.values(statusesOf(run)))).toEqual(new Set(['completed']))
      expect(disorder(run, definition)).toEqual([])
      expect(Object.values(run.steps).filter((step) => step.attempt !== 1)).toEqual([])
      expect(await effectsOf(engine.database, id)).toEqual(EACH_ONCE)
    }
  } finally {
    await engine.stop()
  }
}

/** Random meddling for `forMs`; the same seed gives the same sequence. */
async function storm(queues: Queues, seed: number, forMs: number): Promise<void> {
  let state = seed
  const end = performance.now() + forMs
  while (performance.now() < end) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    const meddling = MEDDLINGS[Math.floor((state / 2 ** 31) * MEDDLINGS.length)]
    await anyway([meddling!.meddle(queues)])
  }
}

describe.each(BACKENDS)('on %s, runs end rightly and in order when', (backend) => {
  const size = AT_ONCE[backend]
  const groups = Array.from({ length: Math.ceil(MEDDLINGS.length / size) }, (_, index) =>
    MEDDLINGS.slice(index * size, (index + 1) * size),
  )
  describe.each(groups)('somebody meddles and', (...group) => {
    test.concurrent.for(group)('$name', ({ meddle }, { expect }) => expectRightEnds(expect, backend, meddle))
  })

  test('steps that wait for their next attempt are promoted: it comes no sooner', async ({ expect }) => {
    const engine = await startTestEngine({ backend })
    try {
      const id = await engine.start({
        name: 'promoted',
        steps: [
          {
            id: 'a',
            config: { action: 'fail_times', max_retries: 2 },
            input: { times: 2 },
            retry: { delay_seconds: 1.5 },
          },
        ],
      })
      const steps = engine.engine.queue.stepQueue('default')
      await eventually(async () => {
        await steps.promoteJobs()
        return (await engine.read(id)).status === 'completed'
      })
      const step = stepOf(await engine.read(id), 'a')
      expect(step).toMatchObject({ status: 'completed', attempt: 3, retry_count: 2 })
      const begins = [...step.attempts.slice(1).map((attempt) => attempt.started_at), step.started_at!]
      const waited = begins.map((begin, index) => (begin - step.attempts[index]!.completed_at) / 1e6)
      for (const seconds of waited) expect(seconds).toBeGreaterThan(1.49)
    } finally {
      await engine.stop()
    }
  })

  test('all of that happens again and again', async ({ expect }) => {
    const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000)
    await expectRightEnds(expect, backend, (queues) => storm(queues, seed, 5_000)).catch((error: unknown) => {
      throw new Error(`TEST_SEED=${seed} meddles the same way again`, { cause: error })
    })
  })
})
