import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { completeSteps, markStarted, type AttemptKey } from '../../src/db/commit.ts'
import { openDatabase } from '../../src/db/client.ts'
import { registerWorkflow } from '../../src/engine/register.ts'
import { startRuns } from '../../src/engine/start.ts'
import { eventually } from '../support/eventually.ts'
import { startTestEngine, type TestEngine } from '../support/test-engine.ts'

/** A run with one step, of which a worker holds attempt 1. */
async function startAttempt(system: TestEngine): Promise<AttemptKey> {
  const runId = await system.start({ name: 'one', steps: [{ id: 'only', type: 'wait', config: { seconds: 60 } }] })
  const key = { runId, stepIndex: 0, attempt: 1, workerId: randomUUID(), startsRun: true }
  const first = { ...key, startedAt: new Date().toISOString() }
  expect((await markStarted(system.engine.db, [first])).size).toBe(1)
  return first
}

const nextOf = (key: AttemptKey): AttemptKey => ({ ...key, attempt: key.attempt + 1, workerId: randomUUID() })

const attemptsOf = (system: TestEngine, { runId }: AttemptKey) =>
  system.database.query("SELECT attempt, status, error ->> 'code' AS code FROM step_attempts WHERE run_id = $1", [
    runId,
  ])

test('an attempt that is taken over is recorded as lost', async () => {
  const system = await startTestEngine({ backend: 'redis', workers: 0 })
  try {
    const first = await startAttempt(system)
    expect((await markStarted(system.engine.db, [nextOf(first)])).size).toBe(1)
    expect(await attemptsOf(system, first)).toEqual([{ attempt: 1, status: 'lost', code: 'worker_lost' }])
  } finally {
    await system.stop()
  }
})

test('an attempt that commits while it is taken over is not recorded as lost', async () => {
  const system = await startTestEngine({ backend: 'redis', workers: 0 })
  try {
    const { db } = system.engine
    const first = await startAttempt(system)
    let takeOver: ReturnType<typeof markStarted> | undefined
    await db.transaction(async (_tx, batch) => {
      const { done } = await completeSteps({ batch }, [{ ...first, output: '1', outputBytes: 1, branch: null }])
      expect(done.size).toBe(1)
      takeOver = markStarted(db, [nextOf(first)])
      await eventually(async () => {
        const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
        return (await system.database.query(waiting)).length === 1
      })
    })
    expect((await takeOver!).size).toBe(0)
    expect(await attemptsOf(system, first)).toEqual([])
    const [step] = await system.database.query('SELECT status, attempt FROM steps WHERE run_id = $1', [first.runId])
    expect(step).toEqual({ status: 'completed', attempt: 1 })
  } finally {
    await system.stop()
  }
})

test('a commit that ends runs looks at these alone, however many others are unfinished', async () => {
  const system = await startTestEngine({ backend: 'redis', workers: 0 })
  const { engine, database } = system
  const db = openDatabase({ url: database.url, connections: 1, applicationName: 'test', hot: true, log: engine.log })
  try {
    const { version } = await registerWorkflow(engine, { name: 'many', steps: [{ id: 'only' }] })
    // As on a young database, whose statistics come late.
    await database.query('ANALYZE')
    const { ids } = await startRuns(
      engine,
      version,
      Array.from({ length: 500 }, () => ({})),
    )
    const ending = ids.slice(0, 40).map((runId) => ({
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
    let plan: PlanNode | undefined
    const explain = async (name: string, text: string, values: unknown[]) => {
      const [row] = await db.batch(`explain ${name}`, `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, values)
      plan = (row!['QUERY PLAN'] as [{ Plan: PlanNode }])[0].Plan
      return []
    }
    await completeSteps({ batch: explain }, ending)
    const [ended] = await database.query("SELECT count(*)::int FROM runs WHERE status = 'completed'")
    expect(ended).toEqual({ count: ending.length })
    // The answer has a row for each step and one for each run.
    expect(Math.max(...rowsOf(plan!))).toBe(2 * ending.length)
  } finally {
    await db.close()
    await system.stop()
  }
})

/** A node of a plan, as Postgres explains it. */
interface PlanNode {
  'Actual Rows': number
  Plans?: PlanNode[]
}

/** Of each node, how many rows it found. */
function rowsOf(node: PlanNode): number[] {
  return [node['Actual Rows'], ...(node.Plans ?? []).flatMap(rowsOf)]
}
