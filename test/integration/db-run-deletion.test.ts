import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { startTestEngine, type TestEngine } from '../support/test-engine.ts'

/** What triggers do for steps and their runs, where a foreign key would ask once a row: docs/decisions/0025. */

let system: TestEngine

beforeAll(async () => {
  system = await startTestEngine({ backend: 'redis', workers: 0 })
})

afterAll(() => system.stop())

const startRun = () => system.start({ name: 'two', steps: [{ id: 'first' }, { id: 'second', depends_on: ['first'] }] })

const ADD_STEP = `INSERT INTO steps (run_id, step_index, step_id, parent_index, item_index) VALUES ($1, 2, 'first[0]', 0, 0)`

const DELETE_RUN = 'DELETE FROM runs WHERE id = $1'

const stepsOf = (run: string) => system.database.query('SELECT 1 FROM steps WHERE run_id = $1', [run])

/** Until a statement waits for another's lock. */
const somebodyWaits = () =>
  eventually(async () => {
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
    return (await system.database.query(waiting)).length === 1
  })

test('steps of a run that does not exist are refused, and the run is named', async () => {
  const run = randomUUID()
  await expect(system.database.query(ADD_STEP, [run])).rejects.toMatchObject({
    code: '23503',
    message: `run ${run} of these steps does not exist`,
  })
})

test('a run that is deleted takes with it its steps, and all that is kept of them', async () => {
  const [run, other] = [await startRun(), await startRun()]
  const { query } = system.database
  for (const id of [run, other]) {
    await query(`INSERT INTO step_results (run_id, step_index, output) VALUES ($1, 0, '1')`, [id])
    await query(
      `INSERT INTO step_attempts (run_id, step_index, attempt, status, started_at, completed_at)
       VALUES ($1, 0, 1, 'failed', now(), now())`,
      [id],
    )
  }
  await query(DELETE_RUN, [run])
  const kept = ['steps', 'step_results', 'step_attempts'].map(async (table) =>
    (await query(`SELECT DISTINCT run_id FROM ${table} WHERE run_id = ANY($1)`, [[run, other]])).map(
      (row) => row['run_id'],
    ),
  )
  expect(await Promise.all(kept)).toEqual([[other], [other], [other]])
})

test('whoever deletes a run waits for steps that are just added to it, and deletes them, too', async () => {
  const run = await startRun()
  let deleted: Promise<unknown> | undefined
  await system.engine.db.transaction(async (_tx, batch) => {
    await batch('add_step', ADD_STEP, [run])
    deleted = system.database.query(DELETE_RUN, [run])
    await somebodyWaits()
  })
  await deleted
  expect(await stepsOf(run)).toEqual([])
})

test('whoever adds steps to a run that is just deleted waits, and is refused', async () => {
  const run = await startRun()
  let added: Promise<unknown> | undefined
  await system.engine.db.transaction(async (_tx, batch) => {
    await batch('delete_run', DELETE_RUN, [run])
    added = system.database.query(ADD_STEP, [run])
    added.catch(() => undefined)
    await somebodyWaits()
  })
  await expect(added).rejects.toMatchObject({ code: '23503' })
  expect(await stepsOf(run)).toEqual([])
})
