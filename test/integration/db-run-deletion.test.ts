import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lockAwaited } from '../support/awaited-lock.ts'
import { startTestEngine, type TestEngine } from '../support/test-engine.ts'

/** What triggers do for steps and their runs, where a foreign key would ask once a row: docs/decisions/0025. */

let system: TestEngine

beforeAll(async () => {
  system = await startTestEngine({ backend: 'redis', workers: 0 })
})

afterAll(() => system.stop())

const startRun = () => system.start({ name: 'two', steps: [{ id: 'first' }, { id: 'second', depends_on: ['first'] }] })

const ADD_STEP = {
  name: 'add_step',
  text: `INSERT INTO steps (run_id, step_index, step_id, parent_index, item_index) VALUES ($1, 2, 'first[0]', 0, 0)`,
}

const DELETE_RUN = { name: 'delete_run', text: 'DELETE FROM runs WHERE id = $1' }

const stepsOf = (run: string) => system.database.query('SELECT 1 FROM steps WHERE run_id = $1', [run])

/** A run with a result and an attempt of a step. */
async function startWorkedOn(): Promise<string> {
  const { query } = system.database
  const run = await startRun()
  await query(`INSERT INTO step_results (run_id, step_index, output) VALUES ($1, 0, '1')`, [run])
  await query(
    `INSERT INTO step_attempts (run_id, step_index, attempt, status, started_at, completed_at)
     VALUES ($1, 0, 1, 'failed', now(), now())`,
    [run],
  )
  return run
}

/** Of which of some runs there are steps, results and attempts. */
function keptOf(runs: readonly string[]): Promise<unknown[][]> {
  const tables = ['steps', 'step_results', 'step_attempts'].map(async (table) => {
    const text = `SELECT DISTINCT run_id FROM ${table} WHERE run_id = ANY($1)`
    return (await system.database.query(text, [runs])).map((row) => row['run_id'])
  })
  return Promise.all(tables)
}

/** Runs `second` while a transaction that has run `first` is open, which it has to wait for; what came of `second`. */
async function runBehind(run: string, { first, second }: Record<'first' | 'second', typeof ADD_STEP>) {
  let waiting: Promise<unknown> | undefined
  await system.engine.db.transaction(async (_tx, batch) => {
    await batch(first.name, first.text, [run])
    waiting = system.database.query(second.text, [run])
    waiting.catch(() => undefined)
    await lockAwaited(system.database)
  })
  const [result] = await Promise.allSettled([waiting])
  return result
}

test('steps of a run that does not exist are refused, and the run is named', async () => {
  const run = randomUUID()
  await expect(system.database.query(ADD_STEP.text, [run])).rejects.toMatchObject({
    code: '23503',
    message: `run ${run} of these steps does not exist`,
  })
})

test('a run that is deleted takes with it its steps, and all that is kept of them', async () => {
  const [run, other] = [await startWorkedOn(), await startWorkedOn()]
  await system.database.query(DELETE_RUN.text, [run])
  expect(await keptOf([run, other])).toEqual([[other], [other], [other]])
})

test('when all runs are truncated, so are their steps, and all that is kept of them', async () => {
  const run = await startWorkedOn()
  expect(await keptOf([run])).toEqual([[run], [run], [run]])
  await system.database.query('TRUNCATE runs CASCADE')
  expect(await keptOf([run])).toEqual([[], [], []])
})

test('whoever deletes a run waits for steps that are just added to it, and deletes them, too', async () => {
  const run = await startRun()
  expect(await runBehind(run, { first: ADD_STEP, second: DELETE_RUN })).toMatchObject({ status: 'fulfilled' })
  expect(await stepsOf(run)).toEqual([])
})

test('whoever adds steps to a run that is just deleted waits, and is refused', async () => {
  const run = await startRun()
  const added = await runBehind(run, { first: DELETE_RUN, second: ADD_STEP })
  expect(added).toMatchObject({ status: 'rejected', reason: { code: '23503' } })
  expect(await stepsOf(run)).toEqual([])
})
