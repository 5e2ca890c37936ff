import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { addPending, type BulkAction } from '../../src/db/pending-controls.ts'
import { carryOutPending } from '../../src/engine/bulk.ts'
import { retryRun } from '../../src/engine/retry-run.ts'
import { startRuns } from '../../src/engine/start.ts'
import { registerWorkflow } from '../../src/engine/register.ts'
import { startTestEngine, type TestEngine } from '../support/test-engine.ts'

/** What was accepted for many runs is done to each of them once, whatever becomes of the process that accepted it. */

/** Looks at nothing by itself, as long as a test lasts. */
const NEVER_MS = 600_000

let system: TestEngine
let version: { id: string; workflowId: string }

beforeAll(async () => {
  system = await startTestEngine({ backend: 'redis', workers: 0, reconcileIntervalMs: NEVER_MS })
  version = (await registerWorkflow(system.engine, { name: 'many', steps: [{ id: 'a' }] })).version
})
afterAll(() => system.stop())
beforeEach(() => system.database.query('TRUNCATE runs, pending_controls CASCADE'))
afterEach(() => system.database.query('DROP FUNCTION IF EXISTS broken CASCADE'))

const startMany = async (count: number) =>
  (
    await startRuns(
      system.engine,
      version,
      Array.from({ length: count }, () => ({})),
    )
  ).ids

const statusesOf = async (ids: readonly string[]) =>
  (
    await system.database.query<{ status: string }>('SELECT status FROM runs WHERE id = ANY($1) ORDER BY id', [ids])
  ).map(({ status }) => status)

const leftOf = async () =>
  (await system.database.query<{ id: string }>('SELECT run_id AS id FROM pending_controls')).map(({ id }) => id)

/** How often each run has had the control, of those that had it. */
const timesOf = async (control: BulkAction) =>
  (
    await system.database.query<{ times: number }>(
      'SELECT count(*)::int AS times FROM run_controls WHERE control = $1::control GROUP BY run_id',
      [control],
    )
  ).map(({ times }) => times)

/** Makes every change of a run fail, with a code of Postgres. */
const breakRun = (id: string, code: string) =>
  system.database.query(`
    CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken' USING ERRCODE = '${code}'; END $$;
    CREATE TRIGGER broken BEFORE UPDATE ON runs FOR EACH ROW WHEN (OLD.id = '${id}') EXECUTE FUNCTION broken()`)
const mendRun = () => system.database.query('DROP FUNCTION broken CASCADE')

test.each<BulkAction>(['cancel', 'retry'])('processes that %s at once see to each run once', async (action) => {
  const ids = await startMany(240)
  if (action === 'retry') await system.database.query(`UPDATE runs SET status = 'failed', completed_at = now()`)
  await addPending(system.engine.db, action, ids)
  await Promise.all(Array.from({ length: 4 }, () => carryOutPending(system.engine)))
  expect(await leftOf()).toEqual([])
  expect(await timesOf(action)).toEqual(Array<number>(240).fill(1))
})

test('what is asked for twice, before it was done, is done once', async () => {
  const ids = await startMany(3)
  await addPending(system.engine.db, 'cancel', ids)
  await addPending(system.engine.db, 'cancel', ids.slice(1))
  await carryOutPending(system.engine)
  expect(await timesOf('cancel')).toEqual([1, 1, 1])
})

test.each<BulkAction>(['cancel', 'retry'])(
  'a run that nothing can be done to keeps no other from its %s',
  async (action) => {
    const ids = await startMany(120)
    if (action === 'retry') await system.database.query(`UPDATE runs SET status = 'failed', completed_at = now()`)
    await breakRun(ids[50]!, '23514')
    await addPending(system.engine.db, action, ids)
    await carryOutPending(system.engine)
    expect(await leftOf()).toEqual([])
    expect(await timesOf(action)).toEqual(Array<number>(119).fill(1))
    expect((await statusesOf(ids)).indexOf(action === 'retry' ? 'failed' : 'queued')).toBe(50)
  },
)

test('what Postgres cannot take for the moment stays to be done', async () => {
  const ids = await startMany(120)
  await breakRun(ids[110]!, '57P01')
  await addPending(system.engine.db, 'cancel', ids)
  await carryOutPending(system.engine)
  // The second hundred, of which it is one.
  expect((await leftOf()).toSorted()).toEqual(ids.slice(100))
  expect(await timesOf('cancel')).toHaveLength(100)
  await mendRun()
  await carryOutPending(system.engine)
  expect(await leftOf()).toEqual([])
  expect(await timesOf('cancel')).toEqual(Array<number>(120).fill(1))
})

test('runs that somebody else has seen to meanwhile, or that are gone, are left alone', async () => {
  const [retried, gone, failed] = await startMany(3)
  await system.database.query(`UPDATE runs SET status = 'failed', completed_at = now() WHERE id <> $1`, [retried])
  await addPending(system.engine.db, 'retry', [retried!, gone!, failed!])
  await system.database.query('DELETE FROM runs WHERE id = $1', [gone])
  await carryOutPending(system.engine)
  expect(await leftOf()).toEqual([])
  expect(await timesOf('retry')).toEqual([1])
})

test.each<BulkAction>(['cancel', 'retry'])('a run that somebody retries first has no %s after that', async (action) => {
  const [retried, other] = await startMany(2)
  const fail = `UPDATE runs SET status = 'failed', completed_at = now() WHERE id = $1 OR $2`
  await system.database.query(fail, [retried, action === 'retry'])
  await addPending(system.engine.db, action, [retried!, other!])
  await retryRun(system.engine, retried!)
  if (action === 'retry') await system.database.query(fail, [retried, false])
  await carryOutPending(system.engine)
  expect(await leftOf()).toEqual([])
  const controls = 'SELECT run_id AS run, control FROM run_controls ORDER BY id'
  expect(await system.database.query(controls)).toEqual([
    { run: retried, control: 'retry' },
    { run: other, control: action },
  ])
})

test('a run that was retried and is then asked for anew has its control', async () => {
  const [id] = await startMany(1)
  await addPending(system.engine.db, 'cancel', [id!])
  await system.database.query(`UPDATE runs SET status = 'failed', completed_at = now()`)
  await retryRun(system.engine, id!)
  await addPending(system.engine.db, 'cancel', [id!])
  await carryOutPending(system.engine)
  expect(await timesOf('cancel')).toEqual([1])
})

test('a process that stops leaves the rest to others', async () => {
  const ids = await startMany(250)
  await addPending(system.engine.db, 'cancel', ids)
  let looks = 0
  await carryOutPending(system.engine, () => ++looks > 1)
  expect(await leftOf()).toHaveLength(150)
})

test('what a process that died had accepted, the reconciler goes on with', async () => {
  const other = await startTestEngine({ backend: 'redis', reconcileIntervalMs: 100 })
  try {
    const ids = await Promise.all(
      [1, 2, 3].map(() => other.start({ name: 'few', steps: [{ id: 'a', config: { duration_seconds: 600 } }] })),
    )
    await addPending(other.engine.db, 'cancel', ids)
    for (const id of ids) expect((await other.ended(id)).status).toBe('cancelled')
  } finally {
    await other.stop()
  }
})
