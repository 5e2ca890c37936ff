import type { RunStatus } from '../workflow/states.ts'
import type { Database } from './client.ts'

/** How the last runs of workflows went. */

/** A run as a bar of a strip. */
interface RecentRun {
  id: string
  status: RunStatus
  /** ISO 8601. */
  created_at: string
  /** From its start to its end; null: it has not started, or not ended. */
  duration_ms: number | null
}

/** How the newest runs of one workflow went. */
export interface WorkflowStats {
  workflowId: string
  /** The newest runs, oldest first. */
  recent: RecentRun[]
  /** Of the runs looked at: how many have ended, and how many of these completed or failed; the rest was cancelled. */
  finished: number
  completed: number
  failed: number
  /** Durations of the completed ones among them, in milliseconds; null where there is none. */
  p50Ms: number | null
  p95Ms: number | null
}

const WORKFLOW_STATS = `
SELECT w.id AS "workflowId", s.*
FROM unnest($1::uuid[]) WITH ORDINALITY AS w(id, ord)
CROSS JOIN LATERAL (
  SELECT
    count(*) FILTER (WHERE x.status IN ('completed', 'failed', 'cancelled'))::int AS finished,
    count(*) FILTER (WHERE x.status = 'completed')::int AS completed,
    count(*) FILTER (WHERE x.status = 'failed')::int AS failed,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY x.ms) FILTER (WHERE x.status = 'completed') AS "p50Ms",
    percentile_disc(0.95) WITHIN GROUP (ORDER BY x.ms) FILTER (WHERE x.status = 'completed') AS "p95Ms",
    COALESCE(json_agg(json_build_object(
      'id', x.id, 'status', x.status, 'duration_ms', x.ms,
      'created_at', to_char(x.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    ) ORDER BY x.id) FILTER (WHERE x.place <= $3), '[]') AS recent
  FROM (
    SELECT r.id, r.status, r.created_at, row_number() OVER (ORDER BY r.id DESC) AS place,
           round(extract(epoch FROM r.completed_at - r.started_at) * 1000)::float8 AS ms
    FROM runs r WHERE r.workflow_id = w.id ORDER BY r.id DESC LIMIT $2
  ) x
) s
ORDER BY w.ord`

/** Statistics of workflows over their newest `runs` runs each, in the order asked. Index: runs_workflow backwards. */
export async function readWorkflowStats(
  db: Database,
  workflowIds: readonly string[],
  { runs, recent }: { runs: number; recent: number },
): Promise<WorkflowStats[]> {
  return db.batch<WorkflowStats & Record<string, unknown>>('workflow_stats', WORKFLOW_STATS, [
    workflowIds,
    runs,
    recent,
  ])
}
