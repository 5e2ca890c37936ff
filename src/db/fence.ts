import type { Database } from './client.ts'

/**
 * What the batch statements share by which steps change (`commit.ts`, `settle.ts`). Each takes many steps, and counts only
 * what is fenced: a change is for attempt n by worker w, and applies where the row's newest attempt is older, or is that
 * very attempt; a parked attempt has no owner, and is whoever's settles it first. So running any of them twice changes
 * nothing the second time. Rows are sorted by key, so that two batches lock them in one order.
 */

/** The attempt that a change is for. */
export interface AttemptKey {
  runId: string
  stepIndex: number
  attempt: number
  workerId: string
  /** Postgres's time of the activation read, as text (a Date would lose the microseconds). */
  startedAt: string
  /** Whether the run had not started yet, or nothing of it ran: then it becomes `running`. */
  startsRun: boolean
}

/** What statements run on: a connection of the pool, or a transaction. */
export type Executor = Pick<Database, 'batch'>

/** Keys of the changes that counted, as `run.index`. */
export type Applied = Set<string>

/** The order in which batches lock rows. */
export const byKey = (a: AttemptKey, b: AttemptKey) =>
  a.runId < b.runId ? -1 : a.runId > b.runId ? 1 : a.stepIndex - b.stepIndex

/** Rows `s` that a change `i` counts for. */
export const FENCE = `s.run_id = i.run_id AND s.step_index = i.step_index
    AND s.status IN ('pending', 'running', 'retrying', 'waiting')
    AND (s.attempt < i.attempt OR (s.attempt = i.attempt AND (s.worker_id = i.worker_id OR s.status = 'waiting')))`

/**
 * The highest index that a row of a run (`id`: an expression) has or had; those of new rows follow. The fence knows a row by
 * its index, so none is given twice. Index: the primary keys.
 */
export const highestIndex = (id: string) =>
  `GREATEST((SELECT max(step_index) FROM steps WHERE run_id = ${id}), (SELECT dropped_index FROM runs WHERE id = ${id}))`

/** Runs whose steps begin: an attempt from before a retry may begin while the run waits for its slot anew: then the run is held back still. */
export const runsStarted = (which: string) => `
started AS (
  UPDATE runs r SET status = CASE WHEN r.status IN ('queued', 'waiting') THEN 'running' ELSE r.status END,
    started_at = LEAST(r.started_at, i.started_at)
  FROM (SELECT run_id, min(started_at) AS started_at FROM input WHERE ${which} GROUP BY run_id ORDER BY run_id) i
  WHERE r.id = i.run_id AND r.admitted_at IS NOT NULL AND (r.status IN ('queued', 'waiting') OR r.started_at > i.started_at)
)`

/** Why an attempt is `lost`. */
export const WORKER_LOST = `CASE WHEN worker_id IS NULL
      THEN json_build_object('code', 'handed_back', 'message', 'The worker was stopped before the attempt had ended')
      ELSE json_build_object('code', 'worker_lost', 'message', 'The worker stopped beating while the attempt ran')
    END`

/** The first parameters of a statement: columns of keys. */
export function attemptColumns(keys: readonly AttemptKey[]): unknown[] {
  return [
    keys.map((key) => key.runId),
    keys.map((key) => key.stepIndex),
    keys.map((key) => key.attempt),
    keys.map((key) => key.workerId),
    keys.map((key) => key.startedAt),
    keys.map((key) => key.startsRun),
  ]
}

/** Keys of the changes that a statement returned. */
export function applied(rows: readonly { key?: unknown }[]): Applied {
  return new Set(rows.map((row) => String(row.key)))
}
