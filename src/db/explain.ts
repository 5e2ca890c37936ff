import type { ItemCounts, KnownStep } from '../workflow/known-run.ts'
import type { RunStatus, StepStatus } from '../workflow/states.ts'
import type { Database } from './client.ts'

/** What `why` reads. A run costs the same few statements however many steps it has. All times are text, ISO 8601. */

/** Unsettled items that are read of one map, and unsettled items and compensations of one run. */
const ITEMS_OF_MAP = 20
const CHILDREN_OF_RUN = 200

/** A run with what is unsettled in it, as of one instant. */
export interface RunFacts {
  id: string
  status: RunStatus
  workflowId: string
  versionId: string
  error: string | null
  epoch: number
  now: string
  startAt: string | null
  isAdmitted: boolean
  concurrencyKey: string | null
  /** Whether its newest epoch was added to the queue's present life. */
  isInQueue: boolean
  /** Milliseconds since anything has changed in it, or was to. */
  quietMs: number
  /** Of the definition's steps, in order. */
  statuses: StepStatus[]
  /** Of the definition's steps, those that run, retry or wait. */
  busy: KnownStep[]
  /** Unsettled items and compensations, in order: at most 20 of a map, those that somebody has begun first, and 200 in all. */
  children: KnownStep[]
  items: ({ index: number } & ItemCounts)[]
}

const time = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

const STEP = `json_build_object('index', s.step_index, 'id', s.step_id, 'status', s.status, 'attempt', s.attempt,
  'startedAt', ${time('s.started_at')}, 'retryAt', ${time('s.retry_at')}, 'error', left(s.error ->> 'message', 1000),
  'waitingFor', s.waiting_for, 'wakeAt', ${time('s.wake_at')}, 'worker', w.hostname || ':' || w.pid,
  'isAlive', COALESCE(w.stopped_at IS NULL AND w.heartbeat_at > clock_timestamp() - $3::float8 * interval '1 millisecond', false),
  'parentIndex', s.parent_index, 'itemIndex', s.item_index)`

const UNSETTLED = `s.status IN ('pending', 'running', 'retrying', 'waiting')`

/** Times that are to come tell of no change yet. */
const CHANGED_AT = `max(greatest(s.started_at, s.completed_at, CASE WHEN s.retry_at <= now() THEN s.retry_at END,
  CASE WHEN s.wake_at <= now() THEN s.wake_at END))`

const EXPLAIN_RUN = `
SELECT r.id, r.status, r.workflow_id AS "workflowId", r.version_id AS "versionId", left(r.error ->> 'message', 1000) AS error, r.epoch,
  ${time('clock_timestamp()')} AS now, ${time('r.start_at')} AS "startAt", r.admitted_at IS NOT NULL AS "isAdmitted",
  r.concurrency_key AS "concurrencyKey", r.queue_token IS NOT DISTINCT FROM q.token AND q.token IS NOT NULL AS "isInQueue",
  extract(epoch FROM clock_timestamp() - greatest(r.created_at, r.admitted_at, r.started_at, a.changed_at))::float8 * 1000 AS "quietMs",
  a.statuses, COALESCE(b.steps, '[]') AS busy, COALESCE(c.steps, '[]') AS children, COALESCE(m.maps, '[]') AS items
FROM runs r
LEFT JOIN queue_state q ON q.prefix = $2
LEFT JOIN LATERAL (
  SELECT array_agg(s.status::text ORDER BY s.step_index) FILTER (WHERE s.parent_index IS NULL) AS statuses, ${CHANGED_AT} AS changed_at
  FROM steps s WHERE s.run_id = r.id
) a ON true
LEFT JOIN LATERAL (
  SELECT json_agg(${STEP} ORDER BY s.step_index) AS steps
  FROM steps s LEFT JOIN workers w ON w.id = s.worker_id
  WHERE s.run_id = r.id AND s.parent_index IS NULL AND ${UNSETTLED} AND s.status <> 'pending'
) b ON true
LEFT JOIN LATERAL (
  SELECT json_agg(${STEP} ORDER BY s.step_index) AS steps
  FROM (
    SELECT * FROM (
      SELECT s.*, row_number() OVER (PARTITION BY s.parent_index ORDER BY s.status = 'pending', s.step_index) AS place
      FROM steps s WHERE s.run_id = r.id AND s.parent_index IS NOT NULL AND ${UNSETTLED}
    ) s WHERE s.place <= ${ITEMS_OF_MAP} ORDER BY s.place, s.step_index LIMIT ${CHILDREN_OF_RUN}
  ) s LEFT JOIN workers w ON w.id = s.worker_id
) c ON true
LEFT JOIN LATERAL (
  SELECT json_agg(json_build_object('index', i.parent_index, 'total', i.total, 'settled', i.settled, 'running', i.running, 'failed', i.failed)) AS maps
  FROM (
    SELECT s.parent_index, count(*) AS total, count(*) FILTER (WHERE NOT ${UNSETTLED}) AS settled,
           count(*) FILTER (WHERE s.status = 'running') AS running, count(*) FILTER (WHERE s.status = 'failed') AS failed
    FROM steps p JOIN steps s ON s.run_id = p.run_id AND s.parent_index = p.step_index AND s.item_index IS NOT NULL
    WHERE p.run_id = r.id AND p.waiting_for IS NOT NULL AND p.waiting_for ->> 'kind' = 'items'
    GROUP BY s.parent_index
  ) i
) m ON true
WHERE r.id = $1::uuid`

/**
 * Reads what explains a run; null if there is none. One statement, so that its parts fit together. `lockDurationMs`: the
 * silence after which a worker counts as dead. Indexes: steps_pkey, one range; steps_parked and steps_children.
 */
export async function readRunFacts(
  db: Database,
  runId: string,
  { prefix, lockDurationMs }: { prefix: string; lockDurationMs: number },
): Promise<RunFacts | null> {
  const values = [runId, prefix, lockDurationMs]
  const rows = await db.batch<RunFacts & Record<string, unknown>>('explain_run', EXPLAIN_RUN, values)
  return rows[0] ?? null
}

/** An approval that is open, with who has approved. */
export interface OpenApproval {
  id: string
  approvers: string[] | null
  quorum: number
  /** '' where nobody gave a name. */
  approvedBy: string[]
  expiresAt: string | null
}

/** Those of some approvals that are open. Index: the primary keys. */
export async function readOpenApprovals(db: Database, ids: readonly string[]): Promise<OpenApproval[]> {
  if (ids.length === 0) return []
  return db.batch<OpenApproval & Record<string, unknown>>(
    'explain_approvals',
    `SELECT a.id, a.approvers, a.quorum, ${time('a.expires_at')} AS "expiresAt",
            ARRAY(SELECT d.decided_by FROM approval_decisions d WHERE d.approval_id = a.id AND d.approved ORDER BY d.at) AS "approvedBy"
     FROM approvals a WHERE a.id = ANY($1::uuid[]) AND a.status = 'open'`,
    [ids],
  )
}

/** Statuses of runs, by id. Index: runs_pkey. */
export async function readRunStatuses(db: Database, ids: readonly string[]): Promise<Map<string, RunStatus>> {
  if (ids.length === 0) return new Map()
  const rows = await db.batch<{ id: string; status: RunStatus }>(
    'explain_child_runs',
    'SELECT id, status FROM runs WHERE id = ANY($1::uuid[])',
    [ids],
  )
  return new Map(rows.map((row) => [row.id, row.status]))
}

/** Who has the slots of a group, and who waits for them. */
export interface SlotQueue {
  /** The first ten. */
  heldBy: string[]
  /** Older runs of the group that wait, 1,000 at most. */
  ahead: number
}

/** The slots that a run waits for. Index: runs_slots. */
export async function readSlots(
  db: Database,
  run: Pick<RunFacts, 'id' | 'workflowId' | 'concurrencyKey'>,
): Promise<SlotQueue> {
  const group = `workflow_id = $1::uuid AND concurrency_key = $2 AND status NOT IN ('completed', 'failed', 'cancelled')`
  const [row] = await db.batch<{ heldBy: string[]; ahead: number }>(
    'explain_slots',
    `SELECT ARRAY(SELECT id::text FROM runs WHERE ${group} AND admitted_at IS NOT NULL ORDER BY id LIMIT 10) AS "heldBy",
            (SELECT count(*)::int FROM (
               SELECT 1 FROM runs WHERE ${group} AND admitted_at IS NULL AND status = 'queued' AND (start_at IS NULL OR start_at <= now())
                 AND id < $3::uuid LIMIT 1000) o) AS ahead`,
    [run.workflowId, run.concurrencyKey, run.id],
  )
  return row ?? { heldBy: [], ahead: 0 }
}

/** A worker that is alive, and which of some actions it offers. */
export interface AbleWorker {
  queues: string[]
  concurrency: number
  actions: string[]
}

/** Workers that were heard of within `aliveMs`. Index: workers_heartbeat. */
export async function readAbleWorkers(
  db: Database,
  actions: readonly string[],
  aliveMs: number,
): Promise<AbleWorker[]> {
  return db.batch<AbleWorker & Record<string, unknown>>(
    'explain_workers',
    `SELECT w.queues, w.concurrency,
            ARRAY(SELECT o.action FROM worker_actions o WHERE o.worker_id = w.id AND o.action = ANY($1::text[])) AS actions
     FROM workers w
     WHERE w.stopped_at IS NULL AND w.heartbeat_at > clock_timestamp() - $2::float8 * interval '1 millisecond'`,
    [actions, aliveMs],
  )
}
