import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase, type Database } from '../../src/db/client.ts'
import { completeSteps } from '../../src/db/commit.ts'
import { registerWorkflow } from '../../src/engine/register.ts'
import { startRuns } from '../../src/engine/start.ts'
import { startTestEngine, type TestEngine } from '../support/test-engine.ts'

/** What statements look at that run all the time, on a young database: its statistics come later than its runs. */

const UNFINISHED = 500
const ENDING = 40

let system: TestEngine
let hot: Database
let ids: string[]

beforeAll(async () => {
  system = await startTestEngine({ backend: 'redis', workers: 0 })
  const { engine, database } = system
  hot = openDatabase({ url: database.url, connections: 1, applicationName: 'test', hot: true, log: engine.log })
  const { version } = await registerWorkflow(engine, { name: 'many', steps: [{ id: 'only' }] })
  await database.query('ANALYZE')
  ids = (
    await startRuns(
      engine,
      version,
      Array.from({ length: UNFINISHED }, () => ({})),
    )
  ).ids
})
afterAll(async () => {
  await hot.close()
  await system.stop()
})

/** Does `work` with its one statement explained; of each node of the plan, how many rows it looked at. */
async function explained(db: Database, work: (db: Database) => Promise<unknown>): Promise<number[]> {
  let plan: PlanNode | undefined
  const batch = async (name: string, text: string, values: unknown[]) => {
    const [row] = await db.batch(`explain ${name}`, `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, values)
    plan = (row!['QUERY PLAN'] as [{ Plan: PlanNode }])[0].Plan
    return []
  }
  await work({ ...db, batch })
  return rowsOf(plan!)
}

/** A node of a plan, as Postgres explains it. */
interface PlanNode {
  'Actual Rows': number
  'Rows Removed by Filter'?: number
  Plans?: PlanNode[]
}

function rowsOf(node: PlanNode): number[] {
  return [node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0), ...(node.Plans ?? []).flatMap(rowsOf)]
}

test('a commit that ends runs looks at these alone, however many others are unfinished', async () => {
  const ending = ids.slice(0, ENDING).map((runId) => ({
    runId,
    stepIndex: 0,
    attempt: 1,
    workerId: randomUUID(),
    startsRun: true,
    startedAt: new Date().toISOString(),
    output: '1',
    outputBytes: 1,
    branch: null,
    runCompletion: { epoch: 1, output: '1' },
  }))
  const rows = await explained(hot, (db) => completeSteps(db, ending))
  const [ended] = await system.database.query("SELECT count(*)::int FROM runs WHERE status = 'completed'")
  expect(ended).toEqual({ count: ENDING })
  // The answer has a row for each step and one for each run.
  expect(Math.max(...rows)).toBe(2 * ENDING)
})
