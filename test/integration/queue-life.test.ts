import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase } from '../../src/db/client.ts'
import { findDrift } from '../../src/engine/drift.ts'
import { createEngine, type Engine } from '../../src/engine/engine.ts'
import { QueueWatch } from '../../src/engine/queue-life.ts'
import { startReconciler, type Reconciler } from '../../src/engine/reconcile.ts'
import { registerWorkflow } from '../../src/engine/register.ts'
import { startRuns } from '../../src/engine/start.ts'
import { RunQueue } from '../../src/queue/queue.ts'
import type { Json } from '../../src/workflow/definition.ts'
import { eventually, throughout } from '../support/eventually.ts'
import { noop } from '../support/shapes.ts'
import { startTestEngine, testLog, type TestEngine } from '../support/test-engine.ts'

/** Two sides of a move: one on Redis, which leads, and one on Postgres, which is new. No worker: jobs stay where they are. */
let old: TestEngine
let fresh: Engine
let leader: Reconciler | undefined

beforeAll(async () => {
  old = await startTestEngine({ backend: 'redis', workers: 0, reconcileIntervalMs: 100 })
  const log = testLog()
  const { url } = old.database
  const db = openDatabase({ url, connections: 5, applicationName: 'test engine', log })
  const kept = { keepCompleted: 10, keepFailed: 10 }
  const queue = await RunQueue.open({ backend: 'postgres', url, prefix: old.prefix, ...kept, log })
  fresh = createEngine({ db, queue, log, lockDurationMs: 2_000 })
})
afterAll(async () => {
  await leader?.stop()
  await fresh.queue.close()
  await fresh.db.close()
  await old.stop()
})

/** Starts a run at a process of one side; its id. */
async function start(engine: Engine): Promise<string> {
  const { version } = await registerWorkflow(engine, { name: 'moved', steps: [noop('a')] } as Json)
  return (await startRuns(engine, version, [{}])).ids[0]!
}

const lead = (engine: Engine) => startReconciler(engine, { databaseUrl: old.database.url, intervalMs: 20 })

const lifeOf = async () => {
  const rows = await old.database.query<{ token: string }>('SELECT token FROM queue_state WHERE prefix = $1', [
    old.prefix,
  ])
  return rows[0]?.token
}

async function isQueued(engine: Engine, run: string): Promise<boolean> {
  const { epoch } = await old.read(run)
  return (await engine.queue.stepPresence({ run, step: 'a', epoch }, 'default')) === 'due'
}

test('the work is where Postgres says; it moves with the leader, and nobody who was left behind fetches it back', async () => {
  const watch = new QueueWatch(fresh)
  expect(await watch.look()).toBe('elsewhere')
  expect(watch.mayLead()).toBe(true)
  await expect(findDrift(fresh, 100)).rejects.toThrow('not on the queue of this process')

  // What is started at the new side is done on the old one, while that leads.
  const id = await start(fresh)
  await eventually(() => isQueued(old.engine, id))
  expect(await isQueued(fresh, id)).toBe(false)

  // A process of the new side leads for a while, and ends.
  leader = lead(fresh)
  await eventually(async () => {
    if (fresh.queueLife.token !== null) return true
    await old.database.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [
      `sluice leader reconciler ${old.prefix}`,
    ])
    return false
  })
  await leader.stop()
  const moved = await lifeOf()
  expect(await watch.look()).toBe('here')
  await eventually(() => old.engine.queueLife.token === null)
  await throughout(1_500, async () => expect(await lifeOf()).toBe(moved))
  // What is started at the old side now waits for a leader, and is not brought to a queue where nobody looks for it.
  const late = await start(old.engine)
  await expect(findDrift(old.engine, 100)).rejects.toThrow('not on the queue of this process')

  leader = lead(fresh)
  await eventually(() => isQueued(fresh, id))
  await eventually(() => isQueued(fresh, late))
  expect(await isQueued(old.engine, late)).toBe(false)
  expect(await lifeOf()).toBe(moved)
  await eventually(async () => (await findDrift(fresh, 100)).findings.length === 0)
})
