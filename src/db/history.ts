import type { Database } from './client.ts'

/** How the runs of a stretch of time went: the chart of the overview, and which workflows need a look. */

/** A part of the time that was looked at. */
export interface HistoryBucket {
  /** Its begin, ms since 1970. */
  at: number
  started: number
  completed: number
  failed: number
  cancelled: number
  /** Of those that completed then, from start to end; null where none did. */
  p95Ms: number | null
}

/** How the runs of one workflow that ended in that time went. */
export interface WorkflowHistory {
  id: string
  name: string
  runs: number
  failed: number
  /** Durations of those that completed, from start to end; null where none did. */
  p50Ms: number | null
  p95Ms: number | null
}

/** What was asked for: a whole number of buckets, the last of which is not over yet. */
export interface HistoryQuery {
  /** ms since 1970, a multiple of the bucket. */
  from: number
  bucketSeconds: number
  /** At most so many of the newest runs are looked at, so that a busy day costs no more than this. */
  mostRuns: number
}

/** History of all runs, by time and by workflow. */
export interface RunHistory {
  /** Those in which anything happened, oldest first. */
  buckets: HistoryBucket[]
  workflows: WorkflowHistory[]
  /** How many runs that ended were looked at; `mostRuns`: there may be more, older ones. */
  ended: number
  /** Of all that completed, from start to end; null where none did. */
  p95Ms: number | null
}

/** The bucket's begin; `$1` is the begin of the first in ms, `$2` the length of each in seconds. */
const bucketOf = (column: string) => `date_bin($2 * interval '1 second', ${column}, to_timestamp($1 / 1000.0))`

const BUCKETS = `
SELECT (extract(epoch FROM at) * 1000)::float8 AS at, sum(started)::int AS started, sum(completed)::int AS completed,
       sum(failed)::int AS failed, sum(cancelled)::int AS cancelled, round(max(p95) * 1000)::float8 AS "p95Ms"
FROM (
  SELECT ${bucketOf('created_at')} AS at, count(*) AS started, 0 AS completed, 0 AS failed, 0 AS cancelled,
         NULL::numeric AS p95
  FROM (SELECT created_at FROM runs WHERE created_at >= to_timestamp($1 / 1000.0) ORDER BY created_at DESC LIMIT $3) s
  GROUP BY 1
  UNION ALL
  SELECT ${bucketOf('completed_at')}, 0, count(*) FILTER (WHERE status = 'completed'),
         count(*) FILTER (WHERE status = 'failed'), count(*) FILTER (WHERE status = 'cancelled'),
         percentile_disc(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM completed_at - started_at))
           FILTER (WHERE status = 'completed')
  FROM (SELECT started_at, completed_at, status FROM runs WHERE completed_at >= to_timestamp($1 / 1000.0)
        ORDER BY completed_at DESC LIMIT $3) e
  GROUP BY 1
) x GROUP BY x.at ORDER BY x.at`

/** A row for each workflow, and one without a workflow for all of them. */
const WORKFLOWS = `
SELECT w.id, w.name, g.runs, g.failed,
       round(g.p50 * 1000)::float8 AS "p50Ms", round(g.p95 * 1000)::float8 AS "p95Ms"
FROM (
  SELECT e.workflow_id, count(*)::int AS runs, (count(*) FILTER (WHERE e.status = 'failed'))::int AS failed,
         percentile_disc(0.5) WITHIN GROUP (ORDER BY e.ms) FILTER (WHERE e.status = 'completed') AS p50,
         percentile_disc(0.95) WITHIN GROUP (ORDER BY e.ms) FILTER (WHERE e.status = 'completed') AS p95
  FROM (SELECT workflow_id, status, extract(epoch FROM completed_at - started_at) AS ms
        FROM runs WHERE completed_at >= to_timestamp($1 / 1000.0) ORDER BY completed_at DESC LIMIT $2) e
  GROUP BY GROUPING SETS ((e.workflow_id), ())
) g LEFT JOIN workflows w ON w.id = g.workflow_id`

type Ranked = WorkflowHistory | (Omit<WorkflowHistory, 'id' | 'name'> & { id: null; name: null })

/** Reads {@link RunHistory}. Indexes: runs_created and runs_ended, backwards; workflows_pkey. */
export async function readHistory(db: Database, query: HistoryQuery): Promise<RunHistory> {
  const { from, bucketSeconds, mostRuns } = query
  const [buckets, rows] = await Promise.all([
    db.batch<HistoryBucket & Record<string, unknown>>('history_buckets', BUCKETS, [from, bucketSeconds, mostRuns]),
    db.batch<Ranked & Record<string, unknown>>('history_workflows', WORKFLOWS, [from, mostRuns]),
  ])
  const all = rows.find(({ id }) => id === null)
  const workflows = rows.filter((row): row is WorkflowHistory & Record<string, unknown> => row.id !== null)
  return { buckets, workflows, ended: all?.runs ?? 0, p95Ms: all?.p95Ms ?? null }
}
