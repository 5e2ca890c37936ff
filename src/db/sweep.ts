import type { RunStatus, StepStatus } from '../workflow/states.ts'
import type { Database } from './client.ts'
import { MAY_BE_STOPPED, SKIPPED_BY_HALT } from './settle.ts'

/** What the reconciler reads. All statements use the partial index runs_unfinished, so history costs nothing. */

/** Unfinished runs behind `after` that were not added to the queue's present life: at most `limit`, oldest first. */
export async function findUndispatched(
  db: Database,
  token: string,
  { after, limit }: { after: string | null; limit: number },
): Promise<string[]> {
  const rows = await db.batch<{ id: string }>(
    'find_undispatched',
    `SELECT id FROM runs
     WHERE status NOT IN ('completed', 'failed', 'cancelled') AND status <> 'paused' AND admitted_at IS NOT NULL AND queue_token IS DISTINCT FROM $1
       AND ($3::uuid IS NULL OR id > $3)
     ORDER BY id LIMIT $2`,
    [token, limit, after],
  )
  return rows.map((row) => row.id)
}

/** A run in which nothing has happened for a while. */
export interface QuietRun {
  id: string
  versionId: string
  epoch: number
  status: RunStatus
  /** The token of the queue's life under which it was dispatched; null: it was not. */
  queueToken: string | null
  statuses: StepStatus[]
  /** Whether the step runs and its owner beats. */
  alive: boolean[]
  /** Whether the step waits for its next attempt, which is not due yet. */
  backingOff: boolean[]
  /** Whether the step is parked, and neither its time nor what it waits for has come. */
  parked: boolean[]
  /** Items and compensations that have not settled and should have a job: of their maps', and of all compensations, the next 20. */
  children: QuietChild[]
  /** Whether an item or a compensation has not settled. */
  hasChildren: boolean
}

/** An item, or a compensation, of a {@link QuietRun}. */
export interface QuietChild {
  id: string
  /** How many items of its map, or compensations of its run, that come before it have not settled. */
  ahead: number
}

/** What counts as quiet, and as a living worker; milliseconds. */
export interface Quiet {
  quietMs: number
  lockDurationMs: number
}

/**
 * Unfinished runs after `cursor` in which no step has changed for `quietMs`, at most `limit`; and the cursor to go on
 * from, null at the end.
 */
export async function findQuietRuns(
  db: Database,
  options: Quiet & { cursor: string | null; limit: number },
): Promise<{ runs: QuietRun[]; cursor: string | null }> {
  const ids = await db.batch<{ id: string }>(
    'unfinished_page',
    `SELECT id FROM runs
     WHERE status NOT IN ('completed', 'failed', 'cancelled') AND status <> 'paused' AND admitted_at IS NOT NULL AND ($1::uuid IS NULL OR id > $1)
       AND created_at < now() - $3::float8 * interval '1 millisecond'
     ORDER BY id LIMIT $2`,
    [options.cursor, options.limit, options.quietMs],
  )
  const runs = await readQuietRuns(
    db,
    ids.map((row) => row.id),
    options,
  )
  return { runs, cursor: ids.length < options.limit ? null : ids.at(-1)!.id }
}

/** Those of some runs that are quiet now. Index: the primary keys. Locks nothing. */
export async function readQuietRuns(db: Database, ids: readonly string[], quiet: Quiet): Promise<QuietRun[]> {
  const values = [ids, quiet.quietMs, quiet.lockDurationMs]
  return db.batch<QuietRun & Record<string, unknown>>('quiet_runs', QUIET_RUNS, values)
}

/** Unsettled items and compensations that are read of one run. */
const CHILDREN_OF_RUN = 20

const ALIVE = `(x.status = 'running' AND w.heartbeat_at IS NOT NULL)`

const BACKING_OFF = `(x.status = 'retrying' AND x.retry_at > now() - $2::float8 * interval '1 millisecond')`

/** A map goes on when its items have settled, although nobody wakes it: its job comes up by itself. */
const PARKED = `(x.status = 'waiting' AND (x.wake_at IS NULL OR x.wake_at > now() - $2::float8 * interval '1 millisecond')
           AND (x.waiting_for ->> 'kind' <> 'items' OR EXISTS (
             SELECT 1 FROM steps c WHERE c.run_id = x.run_id AND c.parent_index = x.step_index AND c.completed_at IS NULL)))`

/** Steps, each with its worker where that beats. */
const STEPS = `steps x
  LEFT JOIN workers w ON w.id = x.worker_id AND x.status = 'running' AND w.stopped_at IS NULL
    AND w.heartbeat_at > now() - $3::float8 * interval '1 millisecond'`

/** Items whose map does not wait are left out: it adds them anew. Index: steps_children. */
const CHILDREN = `
  SELECT x.step_id AS id, x.step_index, NOT (${PARKED} OR ${ALIVE} OR ${BACKING_OFF}) AND (x.item_index IS NULL OR p.status = 'waiting') AS due,
    row_number() OVER (PARTITION BY CASE WHEN x.item_index IS NOT NULL THEN x.parent_index END ORDER BY x.step_index) - 1 AS ahead
  FROM ${STEPS}
  JOIN steps p ON p.run_id = x.run_id AND p.step_index = x.parent_index
  WHERE x.run_id = r.id AND x.parent_index IS NOT NULL AND x.completed_at IS NULL`

const QUIET_RUNS = `
SELECT r.id, r.version_id AS "versionId", r.epoch, r.status, r.queue_token AS "queueToken", s.statuses, s.alive, s."backingOff", s.parked,
  COALESCE(s."hasChildren", false) AS "hasChildren",
  ARRAY(SELECT json_build_object('id', c.id, 'ahead', c.ahead) FROM (${CHILDREN}) c
        WHERE c.due ORDER BY c.ahead, c.step_index LIMIT ${CHILDREN_OF_RUN}) AS children
FROM runs r, LATERAL (
  SELECT array_agg(x.status::text ORDER BY x.step_index) FILTER (WHERE x.parent_index IS NULL) AS statuses,
         array_agg(${ALIVE} ORDER BY x.step_index) FILTER (WHERE x.parent_index IS NULL) AS alive,
         array_agg(${BACKING_OFF} ORDER BY x.step_index) FILTER (WHERE x.parent_index IS NULL) AS "backingOff",
         array_agg(${PARKED} ORDER BY x.step_index) FILTER (WHERE x.parent_index IS NULL) AS parked,
         bool_or(x.parent_index IS NOT NULL AND x.completed_at IS NULL) AS "hasChildren",
         max(greatest(x.started_at, x.completed_at)) AS changed_at
  FROM ${STEPS}
  WHERE x.run_id = r.id
) s
WHERE r.id = ANY($1::uuid[]) AND COALESCE(s.changed_at, r.created_at) < now() - $2::float8 * interval '1 millisecond'`

const CHILD_GOES_ON = `s.waiting_for ->> 'kind' = 'run' AND (
      SELECT c.status NOT IN ('cancelling', 'completed', 'failed', 'cancelled') FROM runs c WHERE c.id = (s.waiting_for ->> 'run_id')::uuid)`

/**
 * A parked step that nothing will wake any more: its approval is not open, its child run has ended or never began, its timer
 * has no time; or it parked while the failure that stops its run was being committed, which wakes only those that it sees.
 * That run, and a child run, is read for each step alone: an EXISTS might be planned as a look at all runs that ever stopped.
 */
const FORSAKEN = `s.run_id = ANY($1::uuid[]) AND s.waiting_for IS NOT NULL AND s.status = 'waiting'
  AND (s.wake_at IS NULL OR s.wake_at > clock_timestamp())
  AND (CASE s.waiting_for ->> 'kind'
    WHEN 'approval' THEN NOT EXISTS (SELECT 1 FROM approvals a WHERE a.id = (s.waiting_for ->> 'approval_id')::uuid AND a.status = 'open')
    WHEN 'run' THEN NOT EXISTS (SELECT 1 FROM runs c WHERE c.id = (s.waiting_for ->> 'run_id')::uuid AND c.status NOT IN ('completed', 'failed', 'cancelled'))
    WHEN 'timer' THEN s.wake_at IS NULL
    ELSE false END
    OR (s.waiting_for ->> 'kind' IN ${SKIPPED_BY_HALT} OR ${CHILD_GOES_ON})
      AND (SELECT r.halted_by FROM runs r WHERE r.id = s.run_id) IS NOT NULL)`

/** A step that waits for its next attempt, although a failure has stopped its run: it came to wait while that was being committed. */
const STOPPED = `s.run_id = ANY($1::uuid[]) AND s.status = 'retrying' AND s.retry_at > clock_timestamp() AND ${MAY_BE_STOPPED}
  AND (SELECT r.halted_by FROM runs r WHERE r.id = s.run_id) IS NOT NULL`

/**
 * Those of some runs in which a step waits for what is gone. Steps are woken by the very statement that ends what they
 * wait for, so there are hardly any unless somebody meddled, or a fault of ours. Indexes: steps_parked, the primary key.
 */
export async function findForsaken(db: Database, runIds: readonly string[]): Promise<string[]> {
  const text = `SELECT s.run_id AS run FROM steps s WHERE ${FORSAKEN} UNION SELECT s.run_id FROM steps s WHERE ${STOPPED}`
  const rows = await db.batch<{ run: string }>('find_forsaken', text, [runIds])
  return rows.map((row) => row.run)
}

/** Has these steps of some runs looked at once their jobs come up. Locks their rows. */
export async function wakeForsaken(db: Database, runIds: readonly string[]): Promise<void> {
  await db.batch('wake_forsaken', `UPDATE steps s SET wake_at = clock_timestamp() WHERE ${FORSAKEN}`, [runIds])
  await db.batch('wake_stopped', `UPDATE steps s SET retry_at = clock_timestamp() WHERE ${STOPPED}`, [runIds])
}

/** Epochs of unfinished runs; finished, paused and unknown runs are left out. */
export async function readLiveEpochs(db: Database, runIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await db.batch<{ id: string; epoch: number }>(
    'live_epochs',
    `SELECT id, epoch FROM runs WHERE id = ANY($1::uuid[]) AND status NOT IN ('completed', 'failed', 'cancelled', 'paused')`,
    [runIds],
  )
  return new Map(rows.map((row) => [row.id, row.epoch]))
}
