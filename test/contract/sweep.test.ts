import { beforeAll, expect, test, vi } from 'vitest'
import { failOverdue } from '../../src/engine/admit.ts'
import { registerWorkflow } from '../../src/engine/register.ts'
import { retryRun } from '../../src/engine/retry-run.ts'
import { startRuns } from '../../src/engine/start.ts'
import { Sweep } from '../../src/engine/sweep.ts'
import { jobId } from '../../src/queue/names.ts'
import { RunQueue, type JobPresence } from '../../src/queue/queue.ts'
import type { Json } from '../../src/workflow/definition.ts'
import type { StepStatus } from '../../src/workflow/states.ts'
import { defineAction, z } from '../../workers/action.ts'
import { describeOnEachBackend } from '../support/contract.ts'
import { lockAwaited } from '../support/awaited-lock.ts'
import { eventually } from '../support/eventually.ts'
import { holdAction } from '../support/hold-action.ts'
import { statusesOf } from '../support/run-record.ts'
import { noop, type StepInput } from '../support/shapes.ts'

/** What the sweep finds lost, and what it leaves alone. Nobody else reconciles here: the test says when it looks. */

const { held, hold } = holdAction()

const ACTIONS = [
  hold,
  defineAction({
    name: 'fail_first',
    description: 'Fails, and once it is retried, goes on until the test lets it go',
    input: z.unknown(),
    output: z.null(),
    run: (context) => (context.attempt === 1 ? Promise.reject(new Error('it broke')) : hold.run(context)),
  }),
  defineAction({
    name: 'fail_late',
    description: 'Fails once the test lets it go',
    input: z.unknown(),
    output: z.null(),
    run: async (context) => {
      await hold.run(context)
      throw new Error('it broke')
    },
  }),
]

/** No worker serves it, so its jobs stay where they are. */
const IDLE = 'idle'

/** More runs than the sweep looks at in one go. */
const MANY = 260

const HOLD = { config: { action: 'hold' } }
const map = (
  step: object,
  { concurrency = 1, ...more }: Partial<StepInput> & { concurrency?: number } = {},
): StepInput => ({
  id: 'm',
  type: 'map',
  config: { items: [1, 2, 3], concurrency, step: step as Json },
  ...more,
})

describeOnEachBackend({ actions: ACTIONS, reconcileIntervalMs: 3_600_000 }, (engine, backend) => {
  const start = (name: string, ...steps: StepInput[]) => engine().start({ name: `${name}-${backend}`, steps })
  const until = (run: string, step: string, status: StepStatus) =>
    eventually(async () => (await engine().read(run)).steps[step]?.status === status, { what: `${step}: ${status}` })
  const untilJob = (run: string, step: string, presence: JobPresence, queue = 'default') =>
    eventually(async () => (await engine().engine.queue.stepPresence({ run, step, epoch: 1 }, queue)) === presence, {
      what: `the job of ${step}: ${presence}`,
    })
  const letGo = async (run: string, step: string) =>
    (await eventually(() => held.get(`${run}.${step}`) ?? false, { what: `${step} to be held` }))()
  const epochOf = async (run: string) => (await engine().read(run)).epoch
  let sweep: Sweep
  beforeAll(() => {
    sweep = new Sweep(engine().engine)
  })
  /** Has the sweep look at the next runs, in which nothing has happened for a while as far as Postgres can tell. */
  const look = async () => {
    await engine().database.query(`UPDATE runs SET created_at = created_at - interval '1 minute'`)
    await engine().database.query(
      `UPDATE steps SET started_at = started_at - interval '1 minute', completed_at = completed_at - interval '1 minute'`,
    )
    await sweep.nextRuns()
  }

  test('what waits for its turn is left alone: items beyond their map’s concurrency, and later compensations', async () => {
    const asks = await start('asks', map({ type: 'approval' }))
    const long = await start('long', map(HOLD))
    const undo = { compensate: { action: 'hold' } }
    const fails = noop('c', ['b'], { config: { duration_seconds: 0, fail_probability: 1 } })
    const undone = await start('undone', noop('a', [], undo), noop('b', ['a'], undo), fails)
    await until(asks, 'm[0]', 'waiting')
    await until(long, 'm[0]', 'running')
    await until(undone, 'b.compensate', 'running')
    await Promise.all([untilJob(asks, 'm[1]', 'parked'), untilJob(long, 'm[1]', 'parked')])
    await untilJob(undone, 'a.compensate', 'parked')
    const open = vi.spyOn(engine().engine.queue, 'openParked')
    await look()
    await look()
    expect(open).not.toHaveBeenCalled()
    open.mockRestore()
    expect(await Promise.all([asks, long, undone].map(epochOf))).toEqual([1, 1, 1])
  })

  test('an item whose turn has come, and whose gate nobody opened, is let go', async () => {
    const id = await start('closed', map(HOLD))
    const open = vi.spyOn(RunQueue.prototype, 'openGates').mockResolvedValue()
    await letGo(id, 'm[0]')
    await until(id, 'm[0]', 'completed')
    await eventually(() => open.mock.calls.length > 0)
    open.mockRestore()
    await untilJob(id, 'm[1]', 'parked')
    await look()
    await letGo(id, 'm[1]')
    expect(await epochOf(id)).toBe(1)
    await letGo(id, 'm[2]')
    expect((await engine().ended(id)).status).toBe('completed')
  })

  test('items of a map that is to be repeated behind another step wait for the map', async () => {
    const fails = { config: { action: 'fail_first' } }
    const repeated = [{ id: 'a', ...fails }, map(fails, { depends_on: ['a'], join: 'always' })]
    const id = await engine().start({ name: `repeated-${backend}`, on_failure: 'finish', steps: repeated })
    expect((await engine().ended(id)).status).toBe('failed')
    await retryRun(engine().engine, id)
    await until(id, 'a', 'running')
    const { epoch } = await engine().read(id)
    await look()
    await look()
    expect((await engine().read(id)).epoch).toBe(epoch)
    for (const step of ['a', 'm[0]', 'm[1]', 'm[2]']) await letGo(id, step)
    expect((await engine().ended(id)).status).toBe('completed')
  })

  test('an item whose job is gone is found, also behind others', async () => {
    const id = await start('gone', map({ ...HOLD, queue: IDLE }, { concurrency: 2 }))
    await untilJob(id, 'm[1]', 'due', IDLE)
    await engine()
      .engine.queue.stepQueue(IDLE)
      .remove(jobId({ run: id, step: 'm[1]', epoch: 1 }))
    await look()
    expect(await epochOf(id)).toBe(2)
  })

  test('a run whose time was up is left alone where it was given more before it could be failed', async () => {
    const { database, engine: system, read } = engine()
    const id = await engine().start({
      name: `overdue-${backend}`,
      timeout_seconds: 3_600,
      steps: [{ id: 'a', ...HOLD }],
    })
    await until(id, 'a', 'running')
    await database.query(`UPDATE runs SET deadline_at = now() - interval '1 second' WHERE id = $1`, [id])
    let failing: Promise<void> | undefined
    await system.db.transaction(async (_tx, batch) => {
      await batch('more_time', `UPDATE runs SET deadline_at = now() + interval '1 hour' WHERE id = $1`, [id])
      failing = failOverdue(system)
      await lockAwaited(database)
    })
    await failing
    expect((await read(id)).status).toBe('running')
    await letGo(id, 'a')
    expect((await engine().ended(id)).status).toBe('completed')
  })

  test('what comes to wait for its next attempt while the failure that stops its run is being committed is found', async () => {
    const id = await start(
      'halted-retrying',
      { id: 'bad', config: { action: 'fail_late' } },
      {
        id: 'again',
        config: { action: 'fail_late', max_retries: 1 },
        retry: { delay_seconds: 600, max_delay_seconds: 600 },
      },
    )
    await until(id, 'bad', 'running')
    await until(id, 'again', 'running')
    await engine().engine.db.transaction(async (_tx, batch) => {
      await batch('lock_bad', "SELECT 1 FROM steps WHERE run_id = $1 AND step_id = 'bad' FOR UPDATE", [id])
      await letGo(id, 'bad')
      await lockAwaited(engine().database)
      await letGo(id, 'again')
      await until(id, 'again', 'retrying')
    })
    await until(id, 'bad', 'failed')
    await look()
    const run = await engine().ended(id)
    expect(statusesOf(run)).toEqual({ bad: 'failed', again: 'skipped' })
  })

  test('what parks while the failure that stops its run is being committed is found', async () => {
    const id = await start(
      'halted',
      { id: 'bad', config: { action: 'fail_late' } },
      { id: 'good', ...HOLD },
      { id: 'ask', type: 'approval', depends_on: ['good'] },
      { id: 'event', type: 'wait_event', config: { event: 'go' }, depends_on: ['good'] },
      { id: 'timer', type: 'wait', config: { seconds: 3_600 }, depends_on: ['good'] },
    )
    const parked = ['ask', 'event', 'timer']
    await until(id, 'bad', 'running')
    await until(id, 'good', 'running')
    await engine().engine.db.transaction(async (_tx, batch) => {
      await batch('lock_bad', "SELECT 1 FROM steps WHERE run_id = $1 AND step_id = 'bad' FOR UPDATE", [id])
      await letGo(id, 'bad')
      await lockAwaited(engine().database)
      await letGo(id, 'good')
      for (const step of parked) await until(id, step, 'waiting')
      for (const step of parked) await untilJob(id, step, 'parked')
    })
    await until(id, 'bad', 'failed')
    await look()
    const run = await engine().ended(id)
    expect(statusesOf(run)).toEqual({
      bad: 'failed',
      good: 'completed',
      ask: 'skipped',
      event: 'skipped',
      timer: 'skipped',
    })
  })

  test('a map that times out is found, however many other runs are unfinished', async () => {
    const { version } = await registerWorkflow(engine().engine, { name: 'idle', steps: [{ id: 'a', queue: IDLE }] })
    await startRuns(
      engine().engine,
      version,
      Array.from({ length: MANY }, () => ({})),
    )
    const id = await start('late', map({ type: 'approval' }, { timeout_seconds: 0.1 }))
    await until(id, 'm[0]', 'waiting')
    await eventually(async () => {
      await look()
      return (await engine().read(id)).status === 'failed'
    })
    expect((await engine().read(id)).error).toMatchObject({ code: 'timeout' })
  })
})
