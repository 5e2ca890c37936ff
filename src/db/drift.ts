import type { RunStatus, StepStatus } from '../workflow/states.ts'
import type { Database } from './client.ts'

/** What Postgres says of the runs and steps whose jobs the queue holds. */
export interface JobFacts {
  /** By id; a run that is not there is left out. */
  runs: Map<string, { status: RunStatus; epoch: number }>
  /** By run and id. */
  step(run: string, step: string): StepStatus | undefined
}

/** Reads the facts of some runs, and of those of their steps that are named. Indexes: the primary keys. Locks nothing. */
export async function readJobFacts(
  db: Database,
  runIds: readonly string[],
  stepIds: readonly string[],
): Promise<JobFacts> {
  if (runIds.length === 0) return { runs: new Map(), step: () => undefined }
  const runs = await db.batch<{ id: string; status: RunStatus; epoch: number }>(
    'drift_runs',
    'SELECT id, status, epoch FROM runs WHERE id = ANY($1::uuid[])',
    [runIds],
  )
  const steps = await db.batch<{ run: string; step: string; status: StepStatus }>(
    'drift_steps',
    `SELECT run_id AS run, step_id AS step, status FROM steps WHERE run_id = ANY($1::uuid[]) AND step_id = ANY($2::text[])`,
    [runIds, stepIds],
  )
  const known = new Map(steps.map(({ run, step, status }) => [`${run} ${step}`, status]))
  return {
    runs: new Map(runs.map(({ id, ...run }) => [id, run])),
    step: (run, step) => known.get(`${run} ${step}`),
  }
}

/** An unfinished run, or one that was unfinished a moment ago, as the flush drill follows it. */
export interface DrillRun {
  id: string
  status: RunStatus
  /** Whether it was held back by its start or for want of a slot, and so belongs in no queue. */
  isHeldBack: boolean
  queueToken: string | null
}

const DRILL_RUN = `SELECT id, status, admitted_at IS NULL AS "isHeldBack", queue_token AS "queueToken" FROM runs`

/** All unfinished runs. Index: runs_unfinished. */
export async function listUnfinished(db: Database): Promise<DrillRun[]> {
  const text = `${DRILL_RUN} WHERE status NOT IN ('completed', 'failed', 'cancelled')`
  return db.batch<DrillRun & Record<string, unknown>>('drill_unfinished', text, [])
}

/** These runs as they are now. Index: the primary key. */
export async function readDrillRuns(db: Database, ids: readonly string[]): Promise<DrillRun[]> {
  return db.batch<DrillRun & Record<string, unknown>>('drill_runs', `${DRILL_RUN} WHERE id = ANY($1::uuid[])`, [ids])
}

/** Postgres's clock. */
export async function readClock(db: Database): Promise<Date> {
  const [row] = await db.batch<{ now: Date }>('clock', 'SELECT clock_timestamp() AS now', [])
  return row!.now
}
