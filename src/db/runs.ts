import type { Json } from '../workflow/definition.ts'
import type { RunStatus, StepStatus } from '../workflow/states.ts'
import type { Database } from './client.ts'
import type { StoredError } from './schema.ts'

/** Statements that create, dispatch and finish runs. */

/** A run to insert, with its steps. */
export interface NewRun {
  id: string
  workflowId: string
  versionId: string
  input: Json
  context: Json
  orderId: string | null
  parentRunId: string | null
  tags: readonly string[]
  priority: number | null
  /** Token of the queue's life that the run is about to be added to. */
  queueToken: string | null
}

/** What an idempotency key stands for. */
export interface NewIdempotencyKey {
  scope: string
  key: string
  requestHash: string
}

/** Who had the key first. */
export interface IdempotencyOwner {
  runId: string
  requestHash: string
}

const INSERT_RUNS = `
WITH new_runs AS (
  INSERT INTO runs (id, workflow_id, version_id, epoch, queue_token, input, context, order_id, parent_run_id, tags, priority, steps_total)
  SELECT i.id, i.workflow_id, i.version_id, 1, i.queue_token, i.input::json, i.context::json, i.order_id, i.parent_run_id,
         ARRAY(SELECT json_array_elements_text(i.tags::json)), i.priority, cardinality($11::text[])
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::uuid[], $8::uuid[], $9::text[], $10::smallint[])
    AS i(id, workflow_id, version_id, queue_token, input, context, order_id, parent_run_id, tags, priority)
)
INSERT INTO steps (run_id, step_index, step_id)
SELECT r.id, s.ord - 1, s.step_id
FROM unnest($1::uuid[]) AS r(id), unnest($11::text[]) WITH ORDINALITY AS s(step_id, ord)`

/**
 * Inserts runs of one version with their steps, under epoch 1. With an idempotency key (then `runs` is one run): if the
 * key is taken, nothing is inserted and its owner is returned.
 */
export async function insertRuns(
  db: Database,
  runs: readonly NewRun[],
  stepIds: readonly string[],
  key?: NewIdempotencyKey,
): Promise<IdempotencyOwner | null> {
  const values = [
    runs.map((run) => run.id),
    runs.map((run) => run.workflowId),
    runs.map((run) => run.versionId),
    runs.map((run) => run.queueToken),
    runs.map((run) => jsonText(run.input)),
    runs.map((run) => jsonText(run.context)),
    runs.map((run) => run.orderId),
    runs.map((run) => run.parentRunId),
    runs.map((run) => JSON.stringify(run.tags)),
    runs.map((run) => run.priority),
    stepIds,
  ]
  if (key === undefined) {
    await db.batch('insert_runs', INSERT_RUNS, values)
    return null
  }
  const inserted = await db
    .transaction(async (_tx, batch) => {
      await batch('insert_runs', INSERT_RUNS, values)
      // Waits for a concurrent holder of the same key to commit or give up, so exactly one of any number inserts.
      const rows = await batch('insert_idempotency_key', INSERT_KEY, [key.scope, key.key, key.requestHash, runs[0]!.id])
      if (rows.length === 0) throw new KeyTaken()
      return true
    })
    .catch((error: unknown) => {
      if (error instanceof KeyTaken) return false
      throw error
    })
  return inserted ? null : findIdempotencyOwner(db, key.scope, key.key)
}

const INSERT_KEY = `
INSERT INTO idempotency_keys (scope, key, request_hash, run_id) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING key`

/** Rolls the insert back. */
class KeyTaken extends Error {}

/** The owner of an idempotency key, if any: spares the insert that would only find out. */
export async function findIdempotencyOwner(db: Database, scope: string, key: string): Promise<IdempotencyOwner | null> {
  const rows = await db.batch<IdempotencyOwner & Record<string, unknown>>(
    'idempotency_owner',
    'SELECT run_id AS "runId", request_hash AS "requestHash" FROM idempotency_keys WHERE scope = $1 AND key = $2',
    [scope, key],
  )
  return rows[0] ?? null
}

/** Null and undefined inputs are stored as SQL null. */
function jsonText(value: Json | undefined): string | null {
  return value === undefined || value === null ? null : JSON.stringify(value)
}

/** A run whose epoch was raised, with the state of its steps in order. */
export interface DispatchRow {
  id: string
  versionId: string
  epoch: number
  priority: number | null
  statuses: StepStatus[]
}

const RAISE_EPOCH = `
WITH raised AS (
  UPDATE runs r SET epoch = r.epoch + 1, queue_token = $2
  FROM (SELECT id FROM runs WHERE id = ANY($1::uuid[]) AND status IN ('queued', 'running', 'waiting', 'cancelling') ORDER BY id FOR UPDATE) i
  WHERE r.id = i.id
  RETURNING r.id, r.version_id, r.epoch, r.priority
)
SELECT id, version_id AS "versionId", epoch, priority,
       (SELECT array_agg(s.status::text ORDER BY s.step_index) FROM steps s WHERE s.run_id = raised.id) AS statuses
FROM raised`

/** Raises the epoch of unfinished runs, which makes every job of theirs stale, and tells what is left to do. */
export async function raiseEpochs(
  db: Database,
  runIds: readonly string[],
  queueToken: string | null,
): Promise<DispatchRow[]> {
  return db.batch<DispatchRow & Record<string, unknown>>('raise_epochs', RAISE_EPOCH, [runIds, queueToken])
}

/** Notes that runs were not added to the queue after all, so that the reconciler sees to them at once. */
export async function markUndispatched(db: Database, runs: readonly { id: string; epoch: number }[]): Promise<void> {
  await db.batch(
    'mark_undispatched',
    `UPDATE runs r SET queue_token = NULL FROM unnest($1::uuid[], $2::int[]) AS i(id, epoch)
     WHERE r.id = i.id AND r.epoch = i.epoch`,
    [runs.map((run) => run.id), runs.map((run) => run.epoch)],
  )
}

/** What the end of a run is decided from. */
export interface FinaliseRow {
  id: string
  status: RunStatus
  epoch: number
  statuses: StepStatus[]
  /** When each step settled, in microseconds since 1970; null: it has not. */
  settledAt: (number | null)[]
  /** Errors of failed steps, by index. */
  errors: Record<string, StoredError>
}

/** Reads what the end of runs is decided from. Index: the primary keys. Locks nothing. */
export async function readForFinalise(db: Database, runIds: readonly string[]): Promise<Map<string, FinaliseRow>> {
  const rows = await db.batch<FinaliseRow & Record<string, unknown>>(
    'read_for_finalise',
    `SELECT r.id, r.status, r.epoch, s.statuses, s."settledAt", COALESCE(s.errors, '{}') AS errors
     FROM runs r, LATERAL (
       SELECT array_agg(x.status::text ORDER BY x.step_index) AS statuses,
              array_agg(extract(epoch FROM x.completed_at)::float8 * 1e6 ORDER BY x.step_index) AS "settledAt",
              json_object_agg(x.step_index, x.error) FILTER (WHERE x.status = 'failed') AS errors
       FROM steps x WHERE x.run_id = r.id
     ) s
     WHERE r.id = ANY($1::uuid[])`,
    [runIds],
  )
  return new Map(rows.map((row) => [row.id, row]))
}

/** Outputs of some steps of a run, as stored JSON text, in the order asked; null where there is none. */
export async function readOutputs(db: Database, runId: string, indexes: readonly number[]): Promise<(string | null)[]> {
  const rows = await db.batch<{ stepIndex: number; output: string | null }>(
    'read_outputs',
    `SELECT step_index AS "stepIndex", output::text AS output FROM step_results WHERE run_id = $1 AND step_index = ANY($2::int[])`,
    [runId, indexes],
  )
  const byIndex = new Map(rows.map((row) => [row.stepIndex, row.output]))
  return indexes.map((index) => byIndex.get(index) ?? null)
}

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
}

/** Ends runs whose epoch has not changed since it was read. Running it twice changes nothing the second time. */
export async function finishRuns(db: Database, ends: readonly RunEnd[]): Promise<Set<string>> {
  const sorted = [...ends].sort((a, b) => (a.id < b.id ? -1 : 1))
  const rows = await db.batch<{ id: string }>(
    'finish_runs',
    `UPDATE runs r SET status = i.status, output = i.output::json, error = i.error::json, completed_at = clock_timestamp(),
       started_at = COALESCE(r.started_at, (SELECT min(started_at) FROM steps s WHERE s.run_id = r.id), clock_timestamp()),
       steps_completed = i.completed, steps_failed = i.failed, steps_skipped = i.skipped
     FROM unnest($1::uuid[], $2::int[], $3::run_status[], $4::text[], $5::text[], $6::int[], $7::int[], $8::int[])
       AS i(id, epoch, status, output, error, completed, failed, skipped)
     WHERE r.id = i.id AND r.epoch = i.epoch AND r.status NOT IN ('completed', 'failed', 'cancelled')
     RETURNING r.id`,
    [
      sorted.map((end) => end.id),
      sorted.map((end) => end.epoch),
      sorted.map((end) => end.status),
      sorted.map((end) => end.output),
      sorted.map((end) => (end.error === null ? null : JSON.stringify(end.error))),
      sorted.map((end) => end.completed),
      sorted.map((end) => end.failed),
      sorted.map((end) => end.skipped),
    ],
  )
  return new Set(rows.map((row) => row.id))
}
