import type { Json } from '../workflow/json-value.ts'
import type { WaitingFor } from '../workflow/waiting-for.ts'
import { highestIndex, type AttemptKey } from './fence.ts'
import type { Database } from './client.ts'

/** Statements by which steps park, and by which those are found that depend on a parked step: items of maps, children. */

type Executor = Pick<Database, 'batch'>

/** An attempt that goes on to wait. */
export interface Parking extends AttemptKey {
  waitingFor: WaitingFor
  /** ISO 8601; null: it has no time. */
  wakeAt: string | null
  /**
   * What the step was read to wait for; null: it was not. Parking takes the place of that only, never of what another
   * has had it wait for meanwhile under the same number: people would be asked twice.
   */
  insteadOf: WaitingFor | null
}

/** A step that would have begun to wait although its run is being cancelled, or has ended. */
export class ParkedTooLate extends Error {}

/**
 * Parks one step: its attempt has no owner from now on. False: another attempt owns the step, or has parked it. Where
 * nothing else of its run is running, the run waits. Locks the step's row and then its run's, for which a control may have
 * been before us: throws {@link ParkedTooLate} where nothing is to wait any more, so call it in a transaction. Parking again
 * only changes what it waits for; which child run that is stays, for it may have begun.
 */
export async function parkStep(db: Executor, parking: Parking): Promise<boolean> {
  const rows = await db.batch<{ isInTime: boolean }>('park_step', PARK, [
    parking.runId,
    parking.stepIndex,
    parking.attempt,
    parking.workerId,
    parking.startedAt,
    JSON.stringify(parking.waitingFor),
    parking.wakeAt,
    parking.insteadOf && JSON.stringify(parking.insteadOf),
  ])
  if (rows[0]?.isInTime === false) throw new ParkedTooLate(`run ${parking.runId} is about to end`)
  return rows.length > 0
}

const PARK = `
WITH parked AS (
  UPDATE steps s SET status = 'waiting', attempt = $3::int, worker_id = NULL, started_at = $5::timestamptz, retry_at = NULL,
    waiting_for = $6::json, wake_at = $7::timestamptz
  WHERE s.run_id = $1::uuid AND s.step_index = $2::int
    AND (s.status IN ('pending', 'running', 'retrying') OR (s.status = 'waiting' AND s.waiting_for::text = $8::text))
    AND (s.attempt < $3::int OR (s.attempt = $3::int AND (s.worker_id = $4::uuid OR s.status = 'waiting')))
    AND (s.status <> 'waiting' OR s.waiting_for ->> 'kind' <> 'run' OR s.waiting_for ->> 'run_id' = $6::json ->> 'run_id')
  RETURNING s.run_id, s.step_index
), waiting AS (
  UPDATE runs r SET started_at = LEAST(r.started_at, $5::timestamptz), status = CASE WHEN r.status = 'paused' OR r.admitted_at IS NULL THEN r.status WHEN EXISTS (
      SELECT 1 FROM steps s WHERE s.run_id = r.id AND s.status IN ('running', 'retrying') AND s.step_index <> $2::int
    ) THEN 'running'::run_status ELSE 'waiting'::run_status END
  FROM parked WHERE r.id = parked.run_id AND r.status IN ('queued', 'running', 'waiting', 'paused')
  RETURNING r.id
)
SELECT EXISTS (SELECT 1 FROM waiting) AS "isInTime" FROM parked`

/** A row beyond the definition's steps: an item of a map, or a compensation. */
export interface ChildRow {
  stepIndex: number
  stepId: string
  parentIndex: number
  /** Null for a compensation. */
  itemIndex: number | null
  /** Index of the compensation before it, if any. */
  previousIndex: number | null
  /** What it handles, or undoes, of the list of a map: its value and its place in the list; null where there is no map. */
  item: { value: Json; index: number } | null
}

const itemOf = (row: string): string => `json_build_object('value', ${row}.item, 'index', ${row}.item_index)`

/** Finds children by their ids; the answer is by `run id/step id`. Indexes: steps_child_id, the primary key. */
export async function readChildren(
  db: Database,
  queries: readonly { runId: string; stepId: string }[],
): Promise<Map<string, ChildRow>> {
  const rows = await db.batch<ChildRow & { runId: string }>(
    'read_children',
    `SELECT s.run_id AS "runId", s.step_index AS "stepIndex", s.step_id AS "stepId", s.parent_index AS "parentIndex",
            s.item_index AS "itemIndex",
            CASE WHEN s.item_index IS NULL THEN (
              SELECT max(p.step_index) FROM steps p
              WHERE p.run_id = s.run_id AND p.parent_index IS NOT NULL AND p.item_index IS NULL AND p.step_index < s.step_index
            ) END AS "previousIndex",
            CASE WHEN s.item_index IS NULL THEN (
              SELECT ${itemOf('p')} FROM steps p
              WHERE p.run_id = s.run_id AND p.step_index = s.parent_index AND p.item_index IS NOT NULL
            ) ELSE ${itemOf('s')} END AS item
     FROM unnest($1::uuid[], $2::text[]) AS i(run_id, step_id)
     JOIN steps s ON s.run_id = i.run_id AND s.step_id = i.step_id AND s.parent_index IS NOT NULL`,
    [queries.map((query) => query.runId), queries.map((query) => query.stepId)],
  )
  return new Map(rows.map((row) => [`${row.runId}/${row.stepId}`, row]))
}

/**
 * Inserts the items of a map, unless they are there already (from before a retry). Their attempts are counted from the
 * map's, which a retry has put beyond those of the items before. Locks the run's row.
 */
export async function insertItems(
  db: Executor,
  map: { runId: string; stepIndex: number; stepId: string },
  items: readonly unknown[],
): Promise<void> {
  await db.batch('lock_run', 'SELECT 1 FROM runs WHERE id = $1::uuid FOR UPDATE', [map.runId])
  await db.batch(
    'insert_items',
    `INSERT INTO steps (run_id, step_index, step_id, parent_index, item_index, item, attempt)
     SELECT $1::uuid, ${highestIndex('$1::uuid')} + i.ord, $3::text || '[' || (i.ord - 1) || ']',
            $2::int, i.ord - 1, i.item,
            (SELECT attempt - 1 FROM steps WHERE run_id = $1::uuid AND step_index = $2::int)
     FROM json_array_elements($4::json) WITH ORDINALITY AS i(item, ord)
     WHERE NOT EXISTS (SELECT 1 FROM steps s WHERE s.run_id = $1::uuid AND s.parent_index = $2::int AND s.item_index IS NOT NULL)`,
    [map.runId, map.stepIndex, map.stepId, JSON.stringify(items)],
  )
}

/** An item of a map as the map sees it. */
export interface ItemRow {
  stepIndex: number
  stepId: string
  itemIndex: number
  status: 'pending' | 'running' | 'retrying' | 'waiting' | 'completed' | 'failed' | 'skipped' | 'cancelled'
  reason: string | null
  error: string | null
}

/** All items of a map, in order. Index: steps_children. */
export async function readItems(db: Database, runId: string, mapIndex: number): Promise<ItemRow[]> {
  return db.batch<ItemRow & Record<string, unknown>>(
    'read_items',
    `SELECT step_index AS "stepIndex", step_id AS "stepId", item_index AS "itemIndex", status, reason, error ->> 'message' AS error
     FROM steps WHERE run_id = $1::uuid AND parent_index = $2::int AND item_index IS NOT NULL ORDER BY item_index`,
    [runId, mapIndex],
  )
}

/** The items of a map that may be under way: the first that have not settled, as many as its concurrency. */
export interface ItemProgress {
  /** Place of the last of them; null: all items have settled. */
  last: number | null
  /** Places of those that nobody has begun. */
  pending: number[]
}

/** Progress of maps, in the order asked. Index: steps_children. */
export async function readItemProgress(
  db: Database,
  maps: readonly { runId: string; stepIndex: number; limit: number }[],
): Promise<ItemProgress[]> {
  const rows = await db.batch<{ ord: string; last: number | null; pending: number[] | null }>(
    'item_progress',
    `SELECT m.ord, i.last, i.pending
     FROM unnest($1::uuid[], $2::int[], $3::int[]) WITH ORDINALITY AS m(run_id, step_index, most, ord), LATERAL (
       SELECT max(u.item_index) AS last, array_agg(u.item_index) FILTER (WHERE u.status = 'pending') AS pending FROM (
         SELECT s.item_index, s.status FROM steps s
         WHERE s.run_id = m.run_id AND s.parent_index = m.step_index AND s.item_index IS NOT NULL AND s.completed_at IS NULL
         ORDER BY s.item_index LIMIT m.most) u) i`,
    [maps.map((map) => map.runId), maps.map((map) => map.stepIndex), maps.map((map) => map.limit)],
  )
  const progress = maps.map((): ItemProgress => ({ last: null, pending: [] }))
  for (const row of rows) progress[Number(row.ord) - 1] = { last: row.last, pending: row.pending ?? [] }
  return progress
}

/** A child run as its parent's step sees it. */
export interface ChildRun {
  id: string
  status: string
  /** JSON text. */
  output: string | null
  error: string | null
  workflowName: string
}

/** A child run, or null where it has not been started yet. */
export async function readChildRun(db: Database, id: string): Promise<ChildRun | null> {
  const rows = await db.batch<ChildRun & Record<string, unknown>>(
    'read_child_run',
    `SELECT r.id, r.status, r.output::text AS output, r.error ->> 'message' AS error, w.name AS "workflowName"
     FROM runs r JOIN workflows w ON w.id = r.workflow_id WHERE r.id = $1::uuid`,
    [id],
  )
  return rows[0] ?? null
}

/** A parked step whose time has come. */
export interface DueStep {
  run: string
  step: string
  index: number
  epoch: number
  /** Whether it is a map whose time is up. */
  isMap: boolean
}

const IS_MAP = `waiting_for ->> 'kind' = 'items'`

const DUE_STEPS = `
WITH due AS MATERIALIZED (
  SELECT run_id, step_index, step_id, wake_at, ${IS_MAP} AS is_map FROM steps
  WHERE wake_at < clock_timestamp() AND status = 'waiting'
    AND (${IS_MAP} OR wake_at < clock_timestamp() - $1::float8 * interval '1 millisecond')
)
SELECT d.run_id AS run, d.step_id AS step, d.step_index AS index, r.epoch, d.is_map AS "isMap"
FROM due d JOIN runs r ON r.id = d.run_id
WHERE r.status IN ('queued', 'running', 'waiting', 'cancelling')
ORDER BY d.is_map DESC, d.wake_at LIMIT $2`

/**
 * Parked steps of live runs that should have been woken `lateMs` ago or earlier, and maps whose time is up, at most `limit`:
 * maps first, since nobody else looks at their time, while others may stay due for as long as no worker serves their queue.
 * Index: steps_wake. The statistics of a young table tell neither that few steps wait nor how many runs there are: a plan left alone would read all steps, or all of
 * unfinished runs, every few seconds (60,000: 80 ms).
 */
export async function findDueSteps(db: Database, lateMs: number, limit: number): Promise<DueStep[]> {
  return db.transaction(async (_tx, batch) => {
    await batch('without_scans', "SELECT set_config('enable_seqscan', 'off', true)", [])
    return batch<DueStep & Record<string, unknown>>('due_steps', DUE_STEPS, [lateMs, limit])
  })
}

/** Whether a step is a map that waits for its items longer than it may. Index: the primary key. */
export async function isOverdueMap(db: Executor, map: { runId: string; stepIndex: number }): Promise<boolean> {
  const rows = await db.batch(
    'overdue_map',
    `SELECT 1 FROM steps WHERE run_id = $1::uuid AND step_index = $2::int AND status = 'waiting' AND ${IS_MAP}
       AND wake_at < clock_timestamp()`,
    [map.runId, map.stepIndex],
  )
  return rows.length > 0
}

/**
 * Makes the status of a page of runs with parked steps agree with their steps: `waiting` where nothing runs, else
 * `running`. Steps change without looking at the others of their run, so this is done from time to time. Returns the last
 * id of the page, null behind the last page, and the runs that it changed. Index: steps_parked.
 */
export async function agreeOnWaiting(
  db: Database,
  { quietMs, after, limit }: { quietMs: number; after: string | null; limit: number },
): Promise<{ last: string | null; changed: string[] }> {
  const values = [quietMs, after ?? NO_RUN, limit]
  const rows = await db.batch<{ id: string; changed: boolean }>('agree_on_waiting', AGREE_ON_WAITING, values)
  return {
    last: rows.length < limit ? null : rows.at(-1)!.id,
    changed: rows.filter((row) => row.changed).map((row) => row.id),
  }
}

const NO_RUN = '00000000-0000-0000-0000-000000000000'

/** {@link agreeOnWaiting} for these runs; those that it changed. */
export async function agreeOnWaitingOf(db: Database, runIds: readonly string[]): Promise<string[]> {
  const rows = await db.batch<{ id: string; changed: boolean }>('agree_on_waiting_of', AGREE_ON_WAITING_OF, [
    SETTLED_FOR_MS,
    runIds,
  ])
  return rows.filter((row) => row.changed).map((row) => row.id)
}

/** Where another process has changed a step of the run since, it looks again. */
const SETTLED_FOR_MS = 50

const agree = (page: string) => `
WITH page AS MATERIALIZED (
  SELECT DISTINCT run_id FROM steps WHERE waiting_for IS NOT NULL AND ${page}
), state AS (
  SELECT page.run_id, bool_or(x.status IN ('running', 'retrying')) AS runs, max(greatest(x.started_at, x.completed_at)) AS changed_at
  FROM page JOIN steps x ON x.run_id = page.run_id
  GROUP BY page.run_id
), locked AS (
  SELECT r.id, s.runs FROM state s JOIN runs r ON r.id = s.run_id
  WHERE r.status = CASE WHEN s.runs THEN 'waiting'::run_status ELSE 'running'::run_status END
    AND (s.runs OR s.changed_at < clock_timestamp() - $1::float8 * interval '1 millisecond')
  FOR UPDATE OF r SKIP LOCKED
), agreed AS (
  UPDATE runs r SET status = CASE WHEN l.runs THEN 'running'::run_status ELSE 'waiting'::run_status END
  FROM locked l WHERE r.id = l.id
  RETURNING r.id
)
SELECT run_id AS id, run_id IN (SELECT id FROM agreed) AS changed FROM page ORDER BY run_id`

const AGREE_ON_WAITING = agree('run_id > $2::uuid ORDER BY run_id LIMIT $3')
const AGREE_ON_WAITING_OF = agree('run_id = ANY($2::uuid[])')
