import { DelayedError, type Job } from 'bullmq'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Activations } from '../../src/engine/activate.ts'
import { EndedRuns } from '../../src/engine/ended-runs.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { Finaliser } from '../../src/engine/finalise.ts'
import { ROOT_JOB } from '../../src/queue/names.ts'
import { startTestEngine, type TestEngine } from '../support/test-engine.ts'

let system: TestEngine
beforeAll(async () => {
  // Nobody but the test takes root jobs.
  system = await startTestEngine({ backend: 'redis', workers: 0 })
})
afterAll(async () => {
  await system.stop()
})

/** An engine whose Postgres breaks off whenever a statement of that name is sent, as long as `isBroken` says so. */
function breaking(engine: Engine, statement: string, isBroken: () => boolean): Engine {
  const batch: Engine['db']['batch'] = (name, text, values) =>
    name === statement && isBroken()
      ? Promise.reject(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))
      : engine.db.batch(name, text, values)
  return { ...engine, db: { ...engine.db, batch } }
}

/** A run whose only step has settled; it is yet to be ended. */
async function settledRun(): Promise<string> {
  const id = await system.start({ name: 'ends', steps: [{ id: 'a', type: 'transform', config: { output: 7 } }] })
  await system.database.query(
    `UPDATE steps SET status = 'completed', attempt = 1, started_at = clock_timestamp(), completed_at = clock_timestamp() WHERE run_id = $1`,
    [id],
  )
  await system.database.query(`INSERT INTO step_results (run_id, step_index, output) VALUES ($1, 0, '7')`, [id])
  return id
}

test('a run has not failed where Postgres breaks off while its output is read: it is ended a moment later', async () => {
  const id = await settledRun()
  let breaks = 3
  const engine = breaking(system.engine, 'read_outputs', () => breaks-- > 0)
  const finaliser = new Finaliser(engine, {
    activations: new Activations(engine),
    ended: new EndedRuns(engine, () => {}),
  })
  await finaliser.process({ data: { run: id, step: ROOT_JOB, epoch: 1_000 } } as Job, 'token')
  expect(breaks).toBe(-1)
  expect(await system.read(id)).toMatchObject({ status: 'completed', output: { a: 7 }, error: null })
})

test('a root job that could not be seen to comes up again', async () => {
  const id = await settledRun()
  const engine = {
    ...system.engine,
    versions: { get: () => Promise.reject(new Error('no answer')) },
  } as unknown as Engine
  const delays: number[] = []
  const job = {
    data: { run: id, step: ROOT_JOB, epoch: 1_000 },
    moveToDelayed: (until: number) => Promise.resolve(delays.push(until)),
  } as unknown as Job
  await expect(
    new Finaliser(engine, { activations: new Activations(engine), ended: new EndedRuns(engine, () => {}) }).process(
      job,
      'token',
    ),
  ).rejects.toThrow(DelayedError)
  expect(delays).toHaveLength(1)
  expect((await system.read(id)).completed_at).toBeNull()
})
