import { describe, test } from 'vitest'
import { createEffects, EFFECT_ACTIONS, effectsOf } from '../support/effects.ts'
import { eventually } from '../support/eventually.ts'
import { disorder, stepOf } from '../support/run-record.ts'
import { noop } from '../support/shapes.ts'
import { kill, startSystem, type System } from '../support/system.ts'

/** A shorter lock than the default of 5 s: a worker is taken for dead sooner, and the tests are shorter. */
const QUICK = { LOCK_DURATION_MS: '2000', HEARTBEAT_MS: '500', SLUICE_ACTIONS: EFFECT_ACTIONS }

async function withSystem(options: Parameters<typeof startSystem>[0], use: (system: System) => Promise<void>) {
  const system = await startSystem({ ...options, env: { ...QUICK, ...options?.env } })
  try {
    await createEffects(system.database)
    await use(system)
  } finally {
    await system.stop()
  }
}

/** A step that takes `seconds` and then has its effect, and one after it. */
const working = (name: string, seconds: number) => ({
  name,
  steps: [
    noop('work', [], { config: { action: 'effect', duration_seconds: seconds } }),
    noop('after', ['work'], { config: { action: 'effect' } }),
  ],
})

describe.concurrent('a worker', () => {
  test('that is stopped for longer than the lock, and then goes on, changes nothing', async ({ expect }) => {
    await withSystem({}, async (system) => {
      const definition = working('zombie', 5)
      const id = await system.start(definition)
      const zombie = await system.executing(id, 'work')
      zombie.signal('SIGSTOP')
      const second = await eventually(
        async () => {
          const owner = await system.executing(id, 'work')
          return owner !== zombie && owner
        },
        { timeoutMs: 10_000, what: 'the take-over' },
      )
      zombie.signal('SIGCONT')
      await eventually(() => zombie.lines.some((line) => line.includes('another attempt owns the step')), {
        what: 'the zombie to be fenced',
      })
      const run = await system.ended(id)
      const work = stepOf(run, 'work')
      expect(run.status).toBe('completed')
      expect(work).toMatchObject({ attempt: 2, output: { attempt: 2 } })
      expect(work.attempts).toMatchObject([{ attempt: 1, status: 'lost' }])
      expect((work.completed_at! - work.started_at!) / 1e6).toBeGreaterThanOrEqual(5)
      expect(await effectsOf(system.database, id)).toEqual({ work: 1, after: 1 })
      expect(disorder(run, definition)).toEqual([])
      expect(second.pid).not.toBe(zombie.pid)

      // The zombie is a good worker again.
      await kill(second)
      const next = await system.ended(await system.start(working('next', 0)))
      expect(next.status).toBe('completed')
    })
  })

  test('that is killed within a segment leaves the rest of it to another, which repeats nothing that committed', async ({
    expect,
  }) => {
    await withSystem({}, async (system) => {
      const effect = { config: { action: 'effect' } }
      const definition = {
        name: 'segment',
        sequencing: 'segment' as const,
        steps: [
          noop('first', [], effect),
          noop('second', ['first'], effect),
          noop('third', ['second'], { config: { action: 'effect', duration_seconds: 3 } }),
          noop('last', ['third'], effect),
        ],
      }
      const id = await system.start(definition)
      await kill(await system.executing(id, 'third'))
      const run = await system.ended(id)
      expect(run.status).toBe('completed')
      expect(Object.values(run.steps).map((step) => [step.step_id, step.attempt])).toEqual([
        ['first', 1],
        ['second', 1],
        ['third', 2],
        ['last', 1],
      ])
      expect(await effectsOf(system.database, id)).toEqual({ first: 1, second: 1, third: 1, last: 1 })
      expect(disorder(run, definition)).toEqual([])
    })
  })

  test('that is told to stop finishes what it does, and takes nothing more', async ({ expect }) => {
    await withSystem({}, async (system) => {
      const id = await system.start(working('drain', 3))
      const worker = await system.executing(id, 'work')
      worker.signal('SIGTERM')
      expect(await worker.exited).toBe(0)
      const run = await system.ended(id)
      expect(stepOf(run, 'work')).toMatchObject({ status: 'completed', attempt: 1 })
      expect(stepOf(run, 'after')).toMatchObject({ status: 'completed', attempt: 1 })
      expect(stepOf(run, 'after').worker_id).not.toBe(stepOf(run, 'work').worker_id)
    })
  })

  test('that is told to stop hands back what takes longer than the grace period', async ({ expect }) => {
    await withSystem({ env: { SHUTDOWN_GRACE_MS: '500' } }, async (system) => {
      const id = await system.start(working('hand-back', 4))
      const worker = await system.executing(id, 'work')
      worker.signal('SIGTERM')
      expect(await worker.exited).toBe(0)
      const run = await system.ended(id)
      const work = stepOf(run, 'work')
      expect(work).toMatchObject({ status: 'completed', attempt: 2, retry_count: 0 })
      expect(work.attempts).toMatchObject([{ attempt: 1, status: 'lost', error: { code: 'handed_back' } }])
      expect((work.started_at! - work.attempts[0]!.started_at) / 1e6).toBeLessThan(3)
      expect(await effectsOf(system.database, id)).toEqual({ work: 1, after: 1 })
    })
  })

  test('that dies between commit and acknowledgement leaves nothing to do twice', async ({ expect }) => {
    await withSystem({ own: ['redis'], workers: 1 }, async (system) => {
      // Redis stands still, so that the worker commits and cannot acknowledge.
      const id = await system.start(working('unacknowledged', 1))
      const worker = await system.executing(id, 'work')
      process.kill(system.redis.pid, 'SIGSTOP')
      await eventually(async () => stepOf(await system.read(id), 'work').status === 'completed')
      await kill(worker)
      process.kill(system.redis.pid, 'SIGCONT')
      await system.startWorker()
      const run = await system.ended(id)
      expect(run.status).toBe('completed')
      expect(stepOf(run, 'work')).toMatchObject({ status: 'completed', attempt: 1 })
      expect(await effectsOf(system.database, id)).toEqual({ work: 1, after: 1 })
    })
  })
})
