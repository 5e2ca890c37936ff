import type { RunStatus, StepStatus } from '../workflow/states.ts'
import type { Database } from './client.ts'

/** What Postgres says of a run whose jobs the queue holds. */
export interface JobRun {
  status: RunStatus
  epoch: number
  versionId: string
  /** Milliseconds since it ended; null: it has not. */
  endedMs: number | null
}

/** Reads some runs, by id; one that is not there is left out. Index: the primary key. Locks nothing. */
export async function readJobRuns(db: Database, ids: readonly string[]): Promise<Map<string, JobRun>> {
  if (ids.length === 0) return new Map()
  const runs = await db.batch<JobRun & { id: string }>(
    'drift_runs',
    `SELECT id, status, epoch, version_id AS "versionId",
       extract(epoch FROM clock_timestamp() - completed_at)::float8 * 1000 AS "endedMs"
     FROM runs WHERE id = ANY($1::uuid[])`,
    [ids],
  )
  return new Map(runs.map(({ id, ...run }) => [id, run]))
}

/** Statuses of steps of some runs, by run and id. */
export type StepStatuses = (run: string, step: string) => StepStatus | undefined

/** Reads the statuses of the steps of these ids in each of these runs. Index: the primary key. Locks nothing. */
export async function readStepStatuses(
  db: Database,
  runIds: readonly string[],
  stepIds: readonly string[],
): Promise<StepStatuses> {
  if (stepIds.length === 0) return () => undefined
  const steps = await db.batch<{ run: string; step: string; status: StepStatus }>(
    'drift_steps',
    `SELECT run_id AS run, step_id AS step, status FROM steps WHERE run_id = ANY($1::uuid[]) AND step_id = ANY($2::text[])`,
    [runIds, stepIds],
  )
  const known = new Map(steps.map(({ run, step, status }) => [`${run} ${step}`, status]))
  return (run, step) => known.get(`${run} ${step}`)
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
