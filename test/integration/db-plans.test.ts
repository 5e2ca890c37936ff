import { randomUUID } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { openDatabase, type Database } from '../../src/db/client.ts'
import { completeSteps } from '../../src/db/commit.ts'
import { findDueSteps } from '../../src/db/park.ts'
import { findForsaken } from '../../src/db/sweep.ts'
import { registerWorkflow } from '../../src/engine/register.ts'
import { startRuns } from '../../src/engine/start.ts'
import { eventually } from '../support/eventually.ts'
import { startTestEngine, type TestEngine } from '../support/test-engine.ts'

/** What statements look at that run all the time, on a young database: its statistics come later than its runs. */

const UNFINISHED = 500
const ENDING = 40

const systems: TestEngine[] = []
afterAll(async () => {
  for (const system of systems) await system.stop()
})

/** A database with nothing but {@link UNFINISHED} runs, and their ids; `analyzed`: when there were none. */
async function youngSystem({
  analyzed,
  steps,
  reconcileIntervalMs = 3_600_000,
}: {
  analyzed: boolean
  steps: number
  reconcileIntervalMs?: number
}): Promise<[TestEngine, string[]]> {
  const system = await startTestEngine({ backend: 'redis', workers: 0, reconcileIntervalMs })
  systems.push(system)
  const { version } = await registerWorkflow(system.engine, {
    name: 'many',
    steps: Array.from({ length: steps }, (_, index) => ({ id: `s${index}` })),
  })
  if (analyzed) await system.database.query('ANALYZE')
  const requests = Array.from({ length: UNFINISHED }, () => ({}))
  return [system, (await startRuns(system.engine, version, requests)).ids]
}

/** Does `work` with its statements explained; of each node of the last one's plan, how many rows it looked at. */
async function explained(db: Database, work: (db: Database) => Promise<unknown>): Promise<number[]> {
  let plan: PlanNode | undefined
  const explaining =
    ({ batch }: Pick<Database, 'batch'>) =>
    async (name: string, text: string, values: unknown[]) => {
      const [row] = await batch(`explain ${name}`, `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, values)
      plan = (row!['QUERY PLAN'] as [{ Plan: PlanNode }])[0].Plan
      return []
    }
  await work({
    ...db,
    batch: explaining(db),
    transaction: (within) => db.transaction((tx, batch) => within(tx, explaining({ batch }))),
  })
  return rowsOf(plan!)
}

/** A node of a plan, as Postgres explains it; rows are those of one loop. */
interface PlanNode {
  'Actual Loops': number
  'Actual Rows': number
  'Rows Removed by Filter'?: number
  Plans?: PlanNode[]
}

function rowsOf(node: PlanNode): number[] {
  const rows = node['Actual Loops'] * (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0))
  return [rows, ...(node.Plans ?? []).flatMap(rowsOf)]
}

test('a commit that ends runs looks at these alone, however many others are unfinished', async () => {
  const [{ database, engine }, ids] = await youngSystem({ analyzed: true, steps: 1 })
  const hot = openDatabase({ url: database.url, connections: 1, applicationName: 'test', hot: true, log: engine.log })
  const ending = ids.slice(-ENDING).map((runId) => ({
    key: {
      runId,
      stepIndex: 0,
      attempt: 1,
      workerId: randomUUID(),
      startsRun: true,
      startedAt: new Date().toISOString(),
    },
    result: { output: '1', outputBytes: 1, branch: null },
    runCompletion: { epoch: 1, output: '1' },
  }))
  const rows = await explained(hot, (db) => completeSteps(db, ending)).finally(() => hot.close())
  const [ended] = await database.query("SELECT count(*)::int FROM runs WHERE status = 'completed'")
  expect(ended).toEqual({ count: ENDING })
  // The answer has a row for each step and one for each run.
  expect(Math.max(...rows)).toBe(2 * ENDING)
})

test.each([{ analyzed: true }, { analyzed: false }])(
  'the look for due steps finds them without the others, which do not wait (statistics of an empty table: $analyzed)',
  async ({ analyzed }) => {
    const [{ database, engine }, ids] = await youngSystem({ analyzed, steps: 10 })
    const due = ids.slice(0, 3)
    await database.query(
      `UPDATE steps SET status = 'waiting', wake_at = now() - interval '1 minute'
       WHERE run_id = ANY($1::uuid[]) AND step_index = 0`,
      [due],
    )
    expect((await findDueSteps(engine.db, 1_000, 100)).map(({ run }) => run).toSorted()).toEqual(due.toSorted())
    const rows = await explained(engine.db, (db) => findDueSteps(db, 1_000, 100))
    // A plan may read all runs once, but none of their steps.
    expect(Math.max(...rows)).toBeLessThanOrEqual(UNFINISHED)
  },
)

test.each([{ analyzed: true }, { analyzed: false }])(
  'the look for parked steps of stopped runs looks at those it is asked about (statistics of an empty table: $analyzed)',
  async ({ analyzed }) => {
    const [{ database, engine }, ids] = await youngSystem({ analyzed, steps: 10 })
    await database.query(`UPDATE runs SET halted_by = 's0'`)
    await database.query(
      `UPDATE steps SET status = 'waiting', started_at = now(), waiting_for = '{"kind": "event", "event": "go"}' WHERE step_index = 1`,
    )
    const asked = ids.slice(0, 3)
    expect((await findForsaken(engine.db, asked)).toSorted()).toEqual(asked.toSorted())
    const rows = await explained(engine.db, (db) => findForsaken(db, asked))
    // Their steps, and the runs themselves.
    expect(Math.max(...rows)).toBeLessThanOrEqual(11 * asked.length)
  },
)

test('a table that has more than doubled is analyzed within seconds, so that what is prepared is planned anew', async () => {
  const [{ database }] = await youngSystem({ analyzed: true, steps: 2, reconcileIntervalMs: 200 })
  await eventually(
    async () => {
      const known = await database.query<{ name: string; rows: number }>(
        "SELECT relname AS name, reltuples AS rows FROM pg_class WHERE relname IN ('runs', 'steps') ORDER BY 1",
      )
      expect(known).toEqual([
        { name: 'runs', rows: UNFINISHED },
        { name: 'steps', rows: 2 * UNFINISHED },
      ])
    },
    { timeoutMs: 20_000 },
  )
})
