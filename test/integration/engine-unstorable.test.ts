import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEngine, type TestEngine } from '../support/test-engine.ts'

let system: TestEngine
beforeAll(async () => {
  system = await startTestEngine({ backend: 'redis' })
  await system.database.query(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'unsupported Unicode escape sequence' USING ERRCODE = '22P05'; END $$`)
})
afterAll(() => system.stop())

test.each([
  [
    'a result',
    'step_results',
    `NEW.output ->> 0 = 'poison'`,
    { input: ['poison'], config: { action: 'echo', max_retries: 3 } },
  ],
  ['a question', 'approvals', `NEW.message #>> '{}' = 'poison'`, { type: 'approval', config: { message: 'poison' } }],
])('%s that Postgres cannot hold fails its step at once, and no other', async (_, table, condition, step) => {
  await system.database.query(
    `CREATE TRIGGER refuse BEFORE INSERT ON ${table} FOR EACH ROW WHEN (${condition}) EXECUTE FUNCTION refuse()`,
  )
  const run = await system.run({
    name: 'poisoned',
    on_failure: 'finish',
    steps: [
      { id: 'bad', ...step },
      { id: 'good', type: 'transform', config: { output: 1 } },
    ],
  })
  expect(run).toMatchObject({ status: 'failed', error: { code: 'not_storable', step_id: 'bad' } })
  expect(run.steps).toMatchObject({ bad: { status: 'failed', attempt: 1 }, good: { status: 'completed' } })
})
