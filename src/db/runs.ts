import pg from 'pg'
import type { Json } from '../workflow/definition.ts'
import type { CompensationStatus, RunStatus, StepStatus } from '../workflow/states.ts'
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
  /** The step that it is the child run of. */
  parent: { runId: string; stepIndex: number; depth: number } | null
  tags: readonly string[]
  priority: number | null
  /** ISO 8601. */
  startAt: string | null
  /** Value of the workflow's `concurrency.key` ('' without a key); null: no limit applies. */
  concurrencyKey: string | null
  /** Whether it may go to the queue at once; else it is held back until it is admitted. */
  admitted: boolean
  /** How long it may last once it is admitted; null: as long as it takes. */
  timeoutSeconds: number | null
  /** What it came from: the run that it repeats, a schedule, a webhook. */
  origin: { rerunOf?: string | undefined; scheduleId?: string | undefined; webhookId?: string | undefined }
  /** Token of the queue's life that the run is about to be added to. */
  queueToken: string | null
  /** Inserted only if no run of its workflow has had the key; null: without one. */
  key: IdempotencyKey | null
}

/** A client's promise that requests with this key are one and the same. */
export interface IdempotencyKey {
  key: string
  /** SHA-256 of the canonical request. */
  requestHash: string
}

/** Without which nothing is inserted. */
export interface InsertConditions {
  /** The number of the runs' version: it is their workflow's latest, and the workflow is not archived. */
  ifLatest?: number | undefined
  /** No run of their workflow has had the key, which is that of all of them. */
  batchKey?: IdempotencyKey | undefined
}

/** Who had the key first. */
export interface IdempotencyOwner {
  /** One, or those of a batch, in order. */
  runIds: string[]
  requestHash: string
}

/** What Postgres says of a run that it has just inserted. */
export interface InsertedRun {
  id: string
  createdAt: Date
  startAt: Date | null
  deadlineAt: Date | null
}

const IS_LATEST = `($14::int IS NULL OR EXISTS (
    SELECT 1 FROM workflows w WHERE w.id = ($2::uuid[])[1] AND w.latest_version = $14::int AND w.archived_at IS NULL))`

/**
 * A key that is taken keeps its run out, and waits for a concurrent holder to commit or give up: in the order of the keys, so that
 * two such statements never wait for each other. A version that has to be the latest of its workflow, and is not, keeps all out.
 * The key of a batch ($15: its runs) is with the first of them, and goes for all.
 */
const INSERT_RUNS = `
WITH holders AS (
  INSERT INTO idempotency_keys (scope, key, request_hash, run_id, batch)
  SELECT k.workflow_id::text, k.key, k.request_hash, k.id, $15::uuid[]
  FROM unnest($1::uuid[], $2::uuid[], $12::text[], $13::text[]) AS k(id, workflow_id, key, request_hash)
  WHERE k.key IS NOT NULL AND ${IS_LATEST}
  ORDER BY k.key
  ON CONFLICT DO NOTHING
  RETURNING run_id
), new_runs AS (
  INSERT INTO runs (id, workflow_id, version_id, epoch, queue_token, input, context, order_id, tags, priority, steps_total,
                    parent_run_id, parent_step_index, depth, start_at, concurrency_key, admitted_at, deadline_at,
                    rerun_of, schedule_id, webhook_id)
  SELECT i.id, i.workflow_id, i.version_id, 1, i.queue_token, i.input::json, i.context::json, i.order_id,
         ARRAY(SELECT json_array_elements_text(i.tags::json)), i.priority, cardinality($10::text[]),
         m.parent_run_id, m.parent_step_index, COALESCE(m.depth, 0), m.start_at, m.concurrency_key,
         CASE WHEN COALESCE(m.admitted, true) THEN now() END,
         CASE WHEN COALESCE(m.admitted, true) THEN now() + m.timeout_seconds * interval '1 second' END,
         m.rerun_of, m.schedule_id, m.webhook_id
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::uuid[], $8::text[], $9::smallint[], $11::text[], $12::text[])
    AS i(id, workflow_id, version_id, queue_token, input, context, order_id, tags, priority, more, key)
  LEFT JOIN LATERAL json_to_record(i.more::json) AS m(
    parent_run_id uuid, parent_step_index int, depth smallint, start_at timestamptz, concurrency_key text, admitted bool,
    timeout_seconds float8, rerun_of uuid, schedule_id uuid, webhook_id uuid) ON i.more IS NOT NULL
  WHERE CASE WHEN $15::uuid[] IS NOT NULL THEN EXISTS (SELECT FROM holders)
             WHEN i.key IS NULL THEN ${IS_LATEST} ELSE i.id IN (SELECT run_id FROM holders) END
  RETURNING id, created_at, start_at, deadline_at
), new_steps AS (
  INSERT INTO steps (run_id, step_index, step_id)
  SELECT r.id, s.ord - 1, s.step_id FROM new_runs r, unnest($10::text[]) WITH ORDINALITY AS s(step_id, ord)
)
SELECT id, created_at AS "createdAt", start_at AS "startAt", deadline_at AS "deadlineAt" FROM new_runs`

/** What few runs have, as JSON text; null for a run that has none of it. */
function uncommon(run: NewRun): string | null {
  const { parent, startAt, concurrencyKey, admitted, timeoutSeconds, origin } = run
  const isPlain = parent === null && startAt === null && concurrencyKey === null && admitted && timeoutSeconds === null
  if (isPlain && Object.values(origin).every((value) => value === undefined)) return null
  return JSON.stringify({
    parent_run_id: parent?.runId,
    parent_step_index: parent?.stepIndex,
    depth: parent?.depth,
    start_at: startAt,
    concurrency_key: concurrencyKey,
    admitted,
    timeout_seconds: timeoutSeconds,
    rerun_of: origin.rerunOf,
    schedule_id: origin.scheduleId,
    webhook_id: origin.webhookId,
  })
}

/**
 * Inserts runs of one version with their steps, under epoch 1; resolves to them, in any order, but for those whose keys are
 * taken, or to none where the condition does not hold. Throws {@link ParentMovedOn} for a child run that nobody waits for any more.
 */
export async function insertRuns(
  db: Database,
  runs: readonly NewRun[],
  stepIds: readonly string[],
  { ifLatest, batchKey }: InsertConditions = {},
): Promise<InsertedRun[]> {
  const keys = runs.map((run, index) => (index === 0 && batchKey !== undefined ? batchKey : run.key))
  const values = [
    runs.map((run) => run.id),
    runs.map((run) => run.workflowId),
    runs.map((run) => run.versionId),
    runs.map((run) => run.queueToken),
    runs.map((run) => jsonText(run.input)),
    runs.map((run) => jsonText(run.context)),
    runs.map((run) => run.orderId),
    runs.map((run) => JSON.stringify(run.tags)),
    runs.map((run) => run.priority),
    stepIds,
    runs.map(uncommon),
    keys.map((key) => key?.key ?? null),
    keys.map((key) => key?.requestHash ?? null),
    ifLatest ?? null,
    batchKey === undefined ? null : runs.map((run) => run.id),
  ]
  const insert = (executor: Pick<Database, 'batch'>) =>
    executor.batch<InsertedRun & Record<string, unknown>>('insert_runs', INSERT_RUNS, values)
  const parents = runs.flatMap((run) => (run.parent === null ? [] : [{ ...run.parent, childId: run.id }]))
  if (parents.length === 0) return insert(db)
  return db.transaction(async (_tx, batch) => {
    for (const parent of parents) await requireWaiting(batch, parent)
    return insert({ batch })
  })
}

/** Those of some runs that are there, as they were inserted. Index: the primary key. Locks nothing. */
export async function readInserted(db: Database, ids: readonly string[]): Promise<InsertedRun[]> {
  return db.batch<InsertedRun & Record<string, unknown>>(
    'inserted_runs',
    `SELECT id, created_at AS "createdAt", start_at AS "startAt", deadline_at AS "deadlineAt" FROM runs WHERE id = ANY($1::uuid[])`,
    [ids],
  )
}

/** Whether {@link insertRuns} failed because a run has one of the ids already. */
export function isIdTaken(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError && error.code === '23505' && error.constraint === 'runs_pkey'
}

/** A child run that is not to begin: its parent's step waits for it no more, or its parent is paused or about to end. */
export class ParentMovedOn extends Error {}

/** Locks the parent's row, as controls do: these either find the child run, or keep it from beginning. */
async function requireWaiting(
  batch: Database['batch'],
  { runId, stepIndex, childId }: { runId: string; stepIndex: number; childId: string },
): Promise<void> {
  await batch('lock_parent', 'SELECT 1 FROM runs WHERE id = $1::uuid FOR SHARE', [runId])
  const rows = await batch(
    'require_waiting',
    `SELECT 1 FROM runs r JOIN steps s ON s.run_id = r.id AND s.step_index = $2::int
     WHERE r.id = $1::uuid AND r.status IN ('queued', 'running', 'waiting')
       AND s.status = 'waiting' AND s.waiting_for ->> 'run_id' = $3::text`,
    [runId, stepIndex, childId],
  )
  if (rows.length === 0) throw new ParentMovedOn(`nobody waits for run ${childId} any more`)
}

/** The owner of an idempotency key, if any: spares the insert that would only find out. */
export async function findIdempotencyOwner(db: Database, scope: string, key: string): Promise<IdempotencyOwner | null> {
  const rows = await db.batch<IdempotencyOwner & Record<string, unknown>>(
    'idempotency_owner',
    `SELECT COALESCE(batch, ARRAY[run_id]) AS "runIds", request_hash AS "requestHash" FROM idempotency_keys
     WHERE scope = $1 AND key = $2`,
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
  FROM (SELECT id FROM runs WHERE id = ANY($1::uuid[]) AND status IN ('queued', 'running', 'waiting', 'cancelling') AND admitted_at IS NOT NULL ORDER BY id FOR UPDATE) i
  WHERE r.id = i.id
  RETURNING r.id, r.version_id, r.epoch, r.priority
)
SELECT id, version_id AS "versionId", epoch, priority,
       (SELECT array_agg(s.status::text ORDER BY s.step_index) FROM steps s WHERE s.run_id = raised.id AND s.parent_index IS NULL) AS statuses
FROM raised`

/** Raises the epoch of unfinished runs that are admitted, which makes every job of theirs stale, and tells what is left to do. */
export async function raiseEpochs(
  db: Pick<Database, 'batch'>,
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
  /** Set where a `cancelling` run fails instead: why. */
  stopError: StoredError | null
  compensation: CompensationStatus | null
}

/** Reads what the end of runs is decided from. Index: the primary keys. Locks nothing. */
export async function readForFinalise(db: Database, runIds: readonly string[]): Promise<Map<string, FinaliseRow>> {
  const rows = await db.batch<FinaliseRow & Record<string, unknown>>(
    'read_for_finalise',
    `SELECT r.id, r.status, r.epoch, r.stop_error AS "stopError", r.compensation, s.statuses, s."settledAt", COALESCE(s.errors, '{}') AS errors
     FROM runs r, LATERAL (
       SELECT array_agg(x.status::text ORDER BY x.step_index) AS statuses,
              array_agg(extract(epoch FROM x.completed_at)::float8 * 1e6 ORDER BY x.step_index) AS "settledAt",
              json_object_agg(x.step_index, x.error) FILTER (WHERE x.status = 'failed') AS errors
       FROM steps x WHERE x.run_id = r.id AND x.parent_index IS NULL
     ) s
     WHERE r.id = ANY($1::uuid[])`,
    [runIds],
  )
  return new Map(rows.map((row) => [row.id, row]))
}

/** Outputs of some steps of a run, as stored JSON text, in the order asked; null where there is none. */
export async function readOutputs(db: Database, runId: string, indexes: readonly number[]): Promise<(string | null)[]> {
  const [outputs] = await readOutputsOfRuns(db, [{ runId, indexes }])
  return outputs!
}

/** {@link readOutputs} for many runs in one statement. Index: the primary key. */
export async function readOutputsOfRuns(
  db: Database,
  runs: readonly { runId: string; indexes: readonly number[] }[],
): Promise<(string | null)[][]> {
  const places = runs.flatMap(({ runId, indexes }) => indexes.map((index) => ({ runId, index })))
  const rows = await db.batch<{ place: string; output: string | null }>(
    'read_outputs',
    `SELECT i.ord AS place, o.output::text AS output
     FROM unnest($1::uuid[], $2::int[]) WITH ORDINALITY AS i(run_id, step_index, ord)
     JOIN step_results o ON o.run_id = i.run_id AND o.step_index = i.step_index`,
    [places.map(({ runId }) => runId), places.map(({ index }) => index)],
  )
  const outputs = new Array<string | null>(places.length).fill(null)
  for (const { place, output } of rows) outputs[Number(place) - 1] = output
  let start = 0
  return runs.map(({ indexes }) => outputs.slice(start, (start += indexes.length)))
}
