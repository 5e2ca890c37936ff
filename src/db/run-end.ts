import type { Database } from './client.ts'
import type { StoredError } from './schema.ts'

/** The statements by which runs end. */

/** The last state of a run. */
export interface RunEnd {
  id: string
  epoch: number
  status: 'completed' | 'failed' | 'cancelled'
  /** JSON text. */
  output: string | null
  error: StoredError | null
  completed: number
  failed: number
  skipped: number
  compensation: 'completed' | 'failed' | null
}

/** The step of another run that a run was the child run of, to be woken. */
export interface ParentStep {
  run: string
  step: string
  epoch: number
}

/** Which runs ended, and the steps that waited for them. */
export interface Finished {
  /** The epoch at which each ended, by id. */
  done: Map<string, number>
  parents: ParentStep[]
  /** Whose slots became free. */
  slots: { workflowId: string; concurrencyKey: string }[]
}

/** One run that ended, as {@link TELL_ENDED} tells it. */
export interface EndedRow {
  id: string
  endedEpoch: number
  run: string | null
  step: string
  epoch: number
  workflowId: string
  concurrencyKey: string | null
}

/**
 * Ends runs whose epoch has not changed since it was read, and has the steps looked at that wait for them. Running it
 * twice changes nothing the second time.
 */
export async function finishRuns(db: Database, ends: readonly RunEnd[]): Promise<Finished> {
  const sorted = [...ends].sort((a, b) => (a.id < b.id ? -1 : 1))
  const rows = await db.batch<EndedRow & Record<string, unknown>>('finish_runs', FINISH, [
    sorted.map((end) => end.id),
    sorted.map((end) => end.epoch),
    sorted.map((end) => end.status),
    sorted.map((end) => end.output),
    sorted.map((end) => (end.error === null ? null : JSON.stringify(end.error))),
    sorted.map((end) => end.completed),
    sorted.map((end) => end.failed),
    sorted.map((end) => end.skipped),
    sorted.map((end) => end.compensation),
  ])
  return finishedOf(rows)
}

/** What to tell of runs that ended, and to whom. */
export function finishedOf(rows: readonly EndedRow[]): Finished {
  return {
    done: new Map(rows.map((row) => [row.id, row.endedEpoch])),
    parents: rows.flatMap(({ run, step, epoch }) => (run === null ? [] : [{ run, step, epoch }])),
    slots: rows.flatMap(({ workflowId, concurrencyKey }) =>
      concurrencyKey === null ? [] : [{ workflowId, concurrencyKey }],
    ),
  }
}

/** What an update of runs in a CTE `ended` has to return for {@link WAKE_PARENTS} and {@link TELL_ENDED}. */
export const ENDED = 'r.id, r.epoch, r.parent_run_id, r.parent_step_index, r.workflow_id, r.concurrency_key'

/** A CTE: has the steps looked at whose child runs have `ended`. */
export const WAKE_PARENTS = `
woken AS (
  UPDATE steps s SET wake_at = clock_timestamp()
  FROM ended
  WHERE s.run_id = ended.parent_run_id AND s.step_index = ended.parent_step_index AND s.status = 'waiting'
    AND s.waiting_for ->> 'run_id' = ended.id::text
  RETURNING s.run_id, s.step_index, s.step_id
)`

/** Columns of an {@link EndedRow}, and the joins to `ended` that they need. */
export const TELL_ENDED = {
  columns: `ended.id, ended.epoch AS "endedEpoch", woken.run_id AS run, woken.step_id AS step, p.epoch,
  ended.workflow_id AS "workflowId", ended.concurrency_key AS "concurrencyKey"`,
  joins: `
LEFT JOIN woken ON woken.run_id = ended.parent_run_id AND woken.step_index = ended.parent_step_index
LEFT JOIN runs p ON p.id = woken.run_id`,
}

const FINISH = `
WITH ended AS (
  UPDATE runs r SET status = i.status, output = i.output::json, error = i.error::json, completed_at = clock_timestamp(),
    started_at = COALESCE(r.started_at, (SELECT min(started_at) FROM steps s WHERE s.run_id = r.id), clock_timestamp()),
    steps_completed = i.completed, steps_failed = i.failed, steps_skipped = i.skipped,
    compensation = i.compensation
  FROM unnest($1::uuid[], $2::int[], $3::run_status[], $4::text[], $5::text[], $6::int[], $7::int[], $8::int[], $9::compensation_status[])
    AS i(id, epoch, status, output, error, completed, failed, skipped, compensation)
  WHERE r.id = i.id AND r.epoch = i.epoch AND r.status NOT IN ('completed', 'failed', 'cancelled')
  RETURNING ${ENDED}
), ${WAKE_PARENTS}
SELECT ${TELL_ENDED.columns}
FROM ended${TELL_ENDED.joins}`
