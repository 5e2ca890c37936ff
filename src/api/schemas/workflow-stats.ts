import { z } from '@hono/zod-openapi'
import type { WorkflowStats } from '../../db/workflow-stats.ts'
import { RUN_STATUSES } from '../../workflow/states.ts'
import { id, timestamp } from './fields.ts'

/** How the newest runs of a workflow went. */
export const workflowStatsSchema = z
  .object({
    workflow_id: id,
    recent: z
      .array(
        z.object({
          id,
          status: z.enum(RUN_STATUSES),
          created_at: timestamp,
          duration_ms: z.number().nullable().openapi({ description: 'From its start to its end' }),
        }),
      )
      .openapi({ description: 'The newest runs, oldest first' }),
    finished: z.int().openapi({ description: 'How many of the runs looked at have ended' }),
    success_rate: z.number().nullable().openapi({
      description:
        'Share of those that completed or failed that completed, 0 to 1; null where none did either. Cancelled ones do not count',
    }),
    p50_ms: z.number().nullable().openapi({ description: 'Durations of the completed ones' }),
    p95_ms: z.number().nullable(),
  })
  .openapi('WorkflowStats')

/** Shows statistics of a workflow. */
export function showWorkflowStats(stats: WorkflowStats): z.infer<typeof workflowStatsSchema> {
  const { workflowId, recent, finished, completed, failed, p50Ms, p95Ms } = stats
  const decided = completed + failed
  return {
    workflow_id: workflowId,
    recent,
    finished,
    success_rate: decided === 0 ? null : completed / decided,
    p50_ms: p50Ms,
    p95_ms: p95Ms,
  }
}
