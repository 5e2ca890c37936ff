import { isFinished, RUN_STATUSES } from '../workflow/states.ts'
import type { Database } from './client.ts'

/** A step that a worker executes now. */
export interface RunningStep {
  workerId: string
  runId: string
  workflowName: string
  stepId: string
  attempt: number
  startedAt: Date
}

const OPEN = RUN_STATUSES.filter((status) => !isFinished(status) && status !== 'queued' && status !== 'waiting')

/**
 * Steps that are executed now, oldest runs first, `limit` at most. Indexes: runs_status, a range for each status, then
 * steps_pkey, a range for each run; it stops at the limit.
 */
export async function listRunningSteps(db: Database, limit: number): Promise<RunningStep[]> {
  return await db.batch<RunningStep & Record<string, unknown>>(
    'list_running_steps',
    `SELECT x.worker_id AS "workerId", r.id AS "runId", w.name AS "workflowName", x.step_id AS "stepId", x.attempt,
            x.started_at AS "startedAt"
     FROM unnest($1::run_status[]) AS s(status),
          LATERAL (SELECT id, workflow_id FROM runs WHERE runs.status = s.status OFFSET 0) r,
          LATERAL (SELECT * FROM steps t WHERE t.run_id = r.id OFFSET 0) x,
          LATERAL (SELECT name FROM workflows WHERE id = r.workflow_id) w
     WHERE x.status = 'running' AND x.worker_id IS NOT NULL AND x.started_at IS NOT NULL
     LIMIT $2`,
    [OPEN, limit],
  )
}
