import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, beforeEach, afterEach, expect, test, vi } from 'vitest'
import { startTcpProxy, type TcpProxy } from '../../chaos/tcp-proxy.ts'
import { openDatabase, type Database } from '../../src/db/client.ts'
import { isRetryable } from '../../src/db/retryable.ts'
import type { NewRun } from '../../src/db/runs.ts'
import { freePort } from '../../src/dev/free-port.ts'
import { Insertions } from '../../src/engine/insertions.ts'
import { registerWorkflow } from '../../src/engine/register.ts'
import type { Json } from '../../src/workflow/definition.ts'
import { lockAwaited } from '../support/awaited-lock.ts'
import { newRunOf } from '../support/new-run.ts'
import { chain } from '../support/shapes.ts'
import { startTestEngine, testLog, type TestEngine } from '../support/test-engine.ts'

/** Starts whose statement Postgres does not answer: what the client is told is what became of them. */

const STEPS = ['s0', 's1']

let system: TestEngine
let version: { id: string; workflowId: string }
beforeAll(async () => {
  system = await startTestEngine({ backend: 'postgres', workers: 0 })
  version = (await registerWorkflow(system.engine, chain('lost', STEPS.length) as Json)).version
})
afterAll(() => system.stop())

let proxy: TcpProxy
let db: Database
let insertions: Insertions
beforeEach(async () => {
  const url = new URL(system.database.url)
  proxy = await startTcpProxy(Number(url.port))
  url.port = String(proxy.port)
  ;({ db, insertions } = connect(url.href))
})
afterEach(async () => {
  await db.close()
  await proxy.close()
})

function connect(url: string) {
  const opened = openDatabase({ url, connections: 2, applicationName: 'lost', hot: true, log: testLog() })
  return { db: opened, insertions: new Insertions(opened, testLog()) }
}

const newRun = (key?: string): NewRun =>
  newRunOf({
    id: uuidv7(),
    workflowId: version.workflowId,
    versionId: version.id,
    key: key === undefined ? null : { key, requestHash: key },
  })

/** Inserts each of some runs by itself, as POSTs do. */
const insertEach = (runs: readonly NewRun[]) =>
  Promise.all(runs.map((run) => insertions.insert([run], { version, stepIds: STEPS })))

/** Postgres does what it is asked first, and nobody hears of it. */
function loseFirstAnswer(): void {
  const { batch } = db
  vi.spyOn(db, 'batch').mockImplementationOnce(async (name, text, values) => {
    await batch(name, text, values)
    throw new Error('Connection terminated unexpectedly')
  })
}

/** Runs and steps that there are of some runs. */
async function counted(runs: readonly NewRun[]) {
  const [row] = await system.database.query<{ runs: number; steps: number }>(
    `SELECT count(DISTINCT r.id)::int AS runs, count(*)::int AS steps FROM runs r JOIN steps s ON s.run_id = r.id WHERE r.id = ANY($1)`,
    [runs.map(({ id }) => id)],
  )
  return row
}

test('starts whose statement is cut off before it has committed are made again, once', async () => {
  const runs = [newRun(), newRun('cut off'), newRun()]
  let answered: ReturnType<typeof insertEach> | undefined
  await system.engine.db.transaction(async (_tx, batch) => {
    await batch('lock_steps', 'LOCK TABLE steps IN SHARE MODE', [])
    answered = insertEach(runs)
    await lockAwaited(system.database)
    await system.database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lost' AND wait_event_type = 'Lock'`,
    )
  })
  expect((await answered)!.flat().map(({ id }) => id)).toEqual(runs.map(({ id }) => id))
  expect(await counted(runs)).toEqual({ runs: 3, steps: 6 })
})

test('starts whose statement goes on behind a connection that is lost wait for it, and are told of', async () => {
  const run = newRun()
  let answered: ReturnType<typeof insertEach> | undefined
  const held = system.engine.db.transaction(async (_tx, batch) => {
    // Holds the key of the run's last step, so that the statement has inserted the run and cannot commit.
    await batch('no_triggers', 'SET LOCAL session_replication_role = replica', [])
    await batch('hold_key', 'INSERT INTO steps (run_id, step_index, step_id) VALUES ($1, 1, $2)', [run.id, 's1'])
    answered = insertEach([run])
    await lockAwaited(system.database)
    proxy.cut()
    proxy.mend()
    // The statement that comes again waits for the first, which waits for this transaction.
    await lockAwaited(system.database, 2)
    throw new Error('rolled back')
  })
  await expect(held).rejects.toThrow('rolled back')
  expect((await answered)!.flat()).toMatchObject([{ id: run.id, createdAt: expect.any(Date) as unknown }])
  expect(await counted([run])).toEqual({ runs: 1, steps: 2 })
})

test('starts that had committed when their answer was lost are told of as what they are: just started', async () => {
  const runs = [newRun(), newRun('answer lost')]
  loseFirstAnswer()
  expect((await insertEach(runs)).flat().map(({ id }) => id)).toEqual(runs.map(({ id }) => id))
  expect(await counted(runs)).toEqual({ runs: 2, steps: 4 })
})

test('of starts whose answer was lost, one whose id another run has fails alone', async () => {
  const [taken, other] = [newRun(), newRun()]
  await insertEach([taken])
  vi.spyOn(db, 'batch').mockRejectedValueOnce(new Error('Connection terminated unexpectedly'))
  const answers = await Promise.allSettled([taken, other].map((run) => insertEach([run])))
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
  expect(await counted([taken, other])).toEqual({ runs: 2, steps: 4 })
})

test('a batch whose answer was lost is looked after, too', async () => {
  const runs = [newRun(), newRun()]
  loseFirstAnswer()
  expect(await insertions.insert(runs, { version, stepIds: STEPS })).toHaveLength(2)
  expect(await counted(runs)).toEqual({ runs: 2, steps: 4 })
})

test('a batch with a key whose answer was lost is told of as just started, and is there once', async () => {
  const runs = [newRun(), newRun(), newRun()]
  const as = { version, stepIds: STEPS, batchKey: { key: 'batch', requestHash: 'batch' } }
  loseFirstAnswer()
  expect((await insertions.insert(runs, as)).map(({ id }) => id).toSorted()).toEqual(runs.map(({ id }) => id))
  expect(await counted(runs)).toEqual({ runs: 3, steps: 6 })
  const late = [newRun(), newRun()]
  loseFirstAnswer()
  expect(await insertions.insert(late, as)).toEqual([])
  expect(await counted(late)).toEqual({ runs: 0, steps: 0 })
})

test('where an answer stays out for five seconds, the client is told that Postgres is away', async () => {
  const run = newRun()
  let refused: Promise<unknown> | undefined
  let cutAt = 0
  await system.engine.db.transaction(async (_tx, batch) => {
    await batch('lock_steps', 'LOCK TABLE steps IN SHARE MODE', [])
    refused = insertEach([run]).catch((error: unknown) => error)
    await lockAwaited(system.database)
    cutAt = performance.now()
    proxy.cut()
    await refused
  })
  expect(await refused).toSatisfy(isRetryable)
  expect(performance.now() - cutAt).toBeGreaterThan(4_500)
  proxy.mend()
})

test('where Postgres cannot be reached in the first place, the client is told so at once', async () => {
  await db.close()
  ;({ db, insertions } = connect(`postgres://nobody@127.0.0.1:${await freePort()}/none`))
  const batch = vi.spyOn(db, 'batch')
  await expect(insertEach([newRun()])).rejects.toSatisfy(isRetryable)
  expect(batch).toHaveBeenCalledTimes(1)
})
