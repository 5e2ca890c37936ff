import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openDatabase, type Database } from '../../src/db/client.ts'
import { createEngine, type Engine } from '../../src/engine/engine.ts'
import { startReconciler, type Reconciler } from '../../src/engine/reconcile.ts'
import { registerWorkflow } from '../../src/engine/register.ts'
import { createSchedule } from '../../src/engine/schedule.ts'
import { startRuns } from '../../src/engine/start.ts'
import { RunQueue } from '../../src/queue/queue.ts'
import { withTimeout } from '../../src/timeout.ts'
import { eventually } from '../support/eventually.ts'
import { startPrivateRedis, type PrivateServer } from '../support/servers.ts'
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts'
import { testLog } from '../support/test-engine.ts'

/** What an API process does while Redis is away. Redis is stopped and killed here, so it is one of the test's own. */

let redis: PrivateServer
let database: TestDatabase
let db: Database
let engine: Engine
let reconciler: Reconciler

beforeAll(async () => {
  redis = await startPrivateRedis()
  database = await createTestDatabase()
  const log = testLog()
  db = openDatabase({ url: database.url, connections: 5, applicationName: 'test', log })
  const queue = await RunQueue.open({
    backend: 'redis',
    url: redis.url,
    prefix: 'away',
    keepCompleted: 10,
    keepFailed: 10,
    log,
  })
  engine = createEngine({ db, queue, log, lockDurationMs: 2_000 })
  reconciler = startReconciler(engine, { databaseUrl: database.url, intervalMs: 200 })
  await isThere()
})
afterAll(async () => {
  await reconciler.stop()
  await engine.queue.close()
  await db.close()
  await redis.dispose()
  await database.close()
})

const isThere = () => eventually(() => engine.queueLife.token !== null && engine.queue.connection.isConnected())
const register = (name: string) =>
  registerWorkflow(engine, { name, steps: [{ id: 'a', config: { duration_seconds: 0 } }] })
const start = async (name: string) => {
  const { version } = await register(name)
  const { ids } = await startRuns(engine, version, [{}])
  return ids[0]!
}
const isDue = (run: string) =>
  eventually(async () => {
    const [row] = await database.query<{ epoch: number }>('SELECT epoch FROM runs WHERE id = $1', [run])
    return (await engine.queue.stepPresence({ run, step: 'a', epoch: row!.epoch }, 'default')) === 'due'
  })

test('runs that are started while Redis is away are kept in Postgres alone, and are in the queue once it is back', async () => {
  await redis.stop()
  await eventually(() => !engine.queue.connection.isConnected())
  const add = vi.spyOn(engine.queue, 'addFlows')
  const id = await start('stopped')
  await eventually(async () => {
    const [row] = await database.query<{ known: boolean }>(
      'SELECT queue_token IS NOT NULL AS known FROM runs WHERE id = $1',
      [id],
    )
    return !row!.known
  })
  expect(add).not.toHaveBeenCalled()
  add.mockRestore()
  await redis.start()
  await isDue(id)
})

test('once Redis has not answered in time, it is handed no further runs until it answers', async () => {
  await isThere()
  let answer: (() => void) | undefined
  const add = vi
    .spyOn(engine.queue, 'addFlows')
    .mockImplementation(() => new Promise<void>((resolve) => (answer = resolve)))
  await start('unanswered')
  await eventually(() => engine.unanswered.size > 0, { timeoutMs: 20_000 })
  const calls = add.mock.calls.length
  const id = await start('kept')
  await eventually(
    async () => (await database.query('SELECT 1 FROM runs WHERE id = $1 AND queue_token IS NULL', [id])).length > 0,
  )
  expect(add).toHaveBeenCalledTimes(calls)
  add.mockRestore()
  answer?.()
  await isDue(id)
})

test('schedules fire where Redis dies in the middle of the reconciler’s work, and stays away', async () => {
  await isThere()
  const { workflow } = await register('scheduled')
  const yearly = { cron: '0 0 1 1 *', timezone: 'UTC', input: {}, overlap: 'allow' as const, paused: false }
  const { id } = await createSchedule(engine, workflow, yearly)
  const list = engine.queue.listGates.bind(engine.queue)
  const kill = vi.spyOn(engine.queue, 'listGates').mockImplementationOnce(async (first, last) => {
    await redis.end('SIGKILL')
    return list(first, last)
  })
  await eventually(() => kill.mock.results.length > 0 && !engine.queue.connection.isConnected())
  await database.query('UPDATE schedules SET next_run_at = now() WHERE id = $1', [id])
  await eventually(async () => (await database.query('SELECT 1 FROM runs WHERE schedule_id = $1', [id])).length === 1)
  kill.mockRestore()
  await redis.start()
  const [run] = await database.query<{ id: string }>('SELECT id FROM runs WHERE schedule_id = $1', [id])
  expect(await isDue(run!.id)).toBe(true)
})

test('the reconciler stops although Redis has just been started again', async () => {
  await redis.start()
  await isThere()
  await redis.start()
  await expect(withTimeout(reconciler.stop(), 20_000)).resolves.toBeUndefined()
})
