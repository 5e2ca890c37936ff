import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { insertRuns } from '../../src/db/runs.ts'
import { registerWorkflow } from '../../src/engine/register.ts'
import { startRuns, type StartRequest, type StartedVersion } from '../../src/engine/start.ts'
import type { Json } from '../../src/workflow/definition.ts'
import { newRunOf } from '../support/new-run.ts'
import { chain } from '../support/shapes.ts'
import { startTestEngine, type TestEngine } from '../support/test-engine.ts'

/** Starts that come at the same time share an insert. */

let system: TestEngine
let version: StartedVersion
beforeAll(async () => {
  system = await startTestEngine({ backend: 'postgres', workers: 0 })
  version = (await registerWorkflow(system.engine, chain('together', 2) as Json)).version
})
afterAll(() => system.stop())

const start = async (request: StartRequest, of = version) => (await startRuns(system.engine, of, [request])).ids[0]!

/** How many statements insert the runs that `work` starts. */
async function countInserts(work: () => Promise<unknown>): Promise<number> {
  const batch = vi.spyOn(system.engine.db, 'batch')
  await work()
  const inserts = batch.mock.calls.filter(([name]) => name === 'insert_runs').length
  batch.mockRestore()
  return inserts
}

test('starts of one version that come together travel in one statement, each with its own input and steps', async () => {
  await start({})
  let ids: string[] = []
  const inserts = await countInserts(async () => {
    ids = await Promise.all(Array.from({ length: 50 }, (_, n) => start({ input: { n } })))
  })
  expect(inserts).toBe(1)
  const rows = await system.database.query<{ id: string; n: number; steps: string[] }>(
    `SELECT r.id, (r.input ->> 'n')::int AS n, array(SELECT step_id FROM steps s WHERE s.run_id = r.id ORDER BY step_index) AS steps
     FROM runs r WHERE r.id = ANY($1) ORDER BY n`,
    [ids],
  )
  expect(rows).toEqual(ids.map((id, n) => ({ id, n, steps: ['s0', 's1'] })))
})

test.each([
  { steps: 2_000, starts: 10, inserts: 2 },
  { steps: 6_000, starts: 3, inserts: 3 },
])('$starts runs of $steps steps travel in $inserts statements', async ({ steps, starts, inserts }) => {
  const large = (await registerWorkflow(system.engine, chain(`large-${steps}`, steps) as Json)).version
  await start({}, large)
  const work = () => Promise.all(Array.from({ length: starts }, () => start({}, large)))
  expect(await countInserts(work)).toBe(inserts)
})

test('one that cannot be inserted fails alone', async () => {
  const taken = await start({})
  const answers = await Promise.allSettled([{}, { id: taken }, {}, {}].map((request) => start(request)))
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
})

test('statements that ask for the same keys in opposite orders do not wait for each other forever', async () => {
  const of = { workflowId: version.workflowId, versionId: version.id }
  const runOf = (key: string) => newRunOf({ ...of, id: uuidv7(), key: { key, requestHash: '' } })
  for (let round = 0; round < 10; round += 1) {
    const keys = Array.from({ length: 200 }, (_, n) => `${round} ${String(n).padStart(3, '0')}`)
    const inserted = await Promise.all(
      [keys, keys.toReversed()].map((some) => insertRuns(system.engine.db, some.map(runOf), ['s0', 's1'])),
    )
    expect(inserted.flat()).toHaveLength(keys.length)
  }
})
