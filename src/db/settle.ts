import {
  applied,
  attemptColumns,
  byKey,
  FENCE,
  runsStarted,
  WORKER_LOST,
  type Applied,
  type AttemptKey,
  type Executor,
} from './fence.ts'
import type { StoredError } from './schema.ts'

/** The batch statement by which steps change that do not complete. */

/** A step that settled otherwise, or failed an attempt and will be tried again. */
export interface Settlement extends AttemptKey {
  status: 'failed' | 'skipped' | 'cancelled' | 'retrying'
  reason: string | null
  error: StoredError | null
  /** Milliseconds until the next attempt, when `retrying`. */
  retryAfterMs: number | null
  /** Id of the step if its failure stops the run. */
  halts: string | null
  /** False for a step that settles without executing (skipped, cancelled, a condition that cannot be evaluated). */
  attempted: boolean
  /** Whether the step was read as waiting: what begins to wait meanwhile, its child run or items with it, goes on. */
  waits: boolean
  /** Under which its job was added: whether it counts follows from that where it was not attempted. */
  epoch: number
}

/** Kinds of waiting that end at once where a failure stops the run: what waits for items goes on until these have ended. */
export const SKIPPED_BY_HALT = `('timer', 'approval', 'event')`
/** Of a step that waits for a child run, that is cancelled first. */
const WOKEN_BY_HALT = `('timer', 'approval', 'event', 'run')`

/**
 * A retry sets steps back without taking their numbers, where nobody had begun them as far as Postgres knows. So what was decided
 * about one counts for the epoch that it was decided in, however late it comes; and an attempt that was abandoned settles its step
 * only where the run is being cancelled or has ended. (A map that fails cancels its items itself, before their attempts hear of it.)
 */
const STILL_MEANT = `CASE
      WHEN NOT i.attempted THEN (SELECT r.epoch = i.epoch FROM runs r WHERE r.id = i.run_id)
      WHEN i.status = 'cancelled' THEN (SELECT r.status IN ('cancelling', 'completed', 'failed', 'cancelled') FROM runs r WHERE r.id = i.run_id)
      ELSE true END`

/** A step, or an item: compensations go on in a run that a failure has stopped. */
export const MAY_BE_STOPPED = `(s.parent_index IS NULL OR s.item_index IS NOT NULL)`

/**
 * In a run that a failure stops, no step gets its next attempt: where one waits for it, its job would come up when that is due, so
 * the reconciler dispatches the run anew. One that comes to wait while the failure is committed is found by the sweep.
 */
const BACKING_OFF = `
    SELECT true FROM steps b WHERE b.run_id = r.id AND b.status = 'retrying'
      AND NOT EXISTS (SELECT 1 FROM done d WHERE d.run_id = b.run_id AND d.step_index = b.step_index)
    LIMIT 1`

/**
 * What became of the newest attempt of a step that settles: one that ended told so, one that waited is given up, and any other that
 * had begun, and has no row yet, was of a worker that is gone.
 */
const ATTEMPT_WAS = `CASE WHEN status = 'cancelled' AND (attempted OR waits) OR status = 'skipped' AND waits THEN 'cancelled'
    WHEN attempted THEN 'failed' ELSE 'lost' END::attempt_status`

const SETTLE = `
WITH input AS (
  SELECT * FROM unnest($1::uuid[], $2::int[], $3::int[], $4::uuid[], $5::timestamptz[], $6::bool[],
                       $7::step_status[], $8::text[], $9::text[], $10::float8[], $11::text[], $12::bool[], $13::bool[], $14::int[])
    AS i(run_id, step_index, attempt, worker_id, started_at, starts_run, status, reason, error, retry_after_ms, halts, attempted, waits, epoch)
), ${runsStarted('starts_run')}, done AS (
  UPDATE steps s SET status = i.status, attempt = CASE WHEN i.attempted THEN i.attempt ELSE s.attempt END,
    worker_id = CASE WHEN i.attempted THEN i.worker_id ELSE s.worker_id END,
    started_at = CASE WHEN i.attempted THEN i.started_at ELSE s.started_at END,
    completed_at = CASE WHEN i.status <> 'retrying' THEN clock_timestamp() END,
    retry_at = clock_timestamp() + i.retry_after_ms * interval '1 millisecond',
    retry_count = s.retry_count + (i.status = 'retrying' AND (s.status, s.attempt) IS DISTINCT FROM (i.status, i.attempt))::int,
    reason = CASE WHEN i.status = 'cancelled' AND i.attempted AND (SELECT r.stop_error IS NOT NULL FROM runs r WHERE r.id = i.run_id)
      THEN 'the run timed out while the step was running' ELSE i.reason END,
    error = i.error::json, waiting_for = NULL, wake_at = NULL
  FROM input i
  WHERE ${FENCE}
    AND (s.status <> 'waiting' OR i.waits)
    AND ${STILL_MEANT}
  RETURNING s.run_id, s.step_index, s.attempt, s.worker_id, s.started_at, s.completed_at, s.retry_at, s.error,
    i.status, i.attempted, i.waits, i.halts, ${MAY_BE_STOPPED} AND i.status = 'retrying' AS backs_off
), attempts AS (
  INSERT INTO step_attempts (run_id, step_index, attempt, status, worker_id, started_at, completed_at, error, retry_at)
  SELECT run_id, step_index, attempt, ${ATTEMPT_WAS}, worker_id, started_at, COALESCE(completed_at, clock_timestamp()),
    CASE WHEN ${ATTEMPT_WAS} = 'lost' THEN ${WORKER_LOST} ELSE error END, retry_at
  FROM done WHERE attempt > 0 AND started_at IS NOT NULL
  ON CONFLICT DO NOTHING
), halted AS (
  UPDATE runs r SET halted_by = COALESCE(r.halted_by, h.halts),
    queue_token = CASE WHEN h.backs_off OR (${BACKING_OFF}) THEN NULL ELSE r.queue_token END
  FROM (
    SELECT run_id, min(halts) AS halts, bool_or(backs_off) AS backs_off
    FROM done WHERE halts IS NOT NULL OR backs_off GROUP BY run_id ORDER BY run_id
  ) h
  WHERE r.id = h.run_id AND CASE WHEN r.halted_by IS NULL THEN h.halts IS NOT NULL ELSE h.backs_off END
), woken AS (
  UPDATE steps s SET wake_at = clock_timestamp()
  FROM (SELECT DISTINCT run_id FROM done WHERE halts IS NOT NULL) h
  WHERE s.run_id = h.run_id AND s.waiting_for IS NOT NULL AND s.waiting_for ->> 'kind' IN ${WOKEN_BY_HALT}
    AND NOT EXISTS (SELECT 1 FROM input i WHERE i.run_id = s.run_id AND i.step_index = s.step_index)
), voided AS (
  UPDATE approvals a SET status = 'void'
  FROM done WHERE a.run_id = done.run_id AND a.step_index = done.step_index AND a.status = 'open'
)
SELECT run_id || '.' || step_index AS key FROM done`

/**
 * Commits everything but results; what a step was asking counts no more. Running it twice is safe: a failed attempt is counted
 * once. Locks the steps' rows, and their runs' where one starts or stops.
 */
export async function settleSteps(db: Executor, items: readonly Settlement[]): Promise<Applied> {
  const sorted = [...items].sort(byKey)
  return applied(
    await db.batch('settle_steps', SETTLE, [
      ...attemptColumns(sorted),
      sorted.map((item) => item.status),
      sorted.map((item) => item.reason),
      sorted.map((item) => (item.error === null ? null : JSON.stringify(item.error))),
      sorted.map((item) => item.retryAfterMs),
      sorted.map((item) => item.halts),
      sorted.map((item) => item.attempted),
      sorted.map((item) => item.waits),
      sorted.map((item) => item.epoch),
    ]),
  )
}
