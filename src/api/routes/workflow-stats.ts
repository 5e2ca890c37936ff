import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { readWorkflowStats } from '../../db/workflow-stats.ts'
import type { Engine } from '../../engine/engine.ts'
import { LIMITS } from '../../workflow/limits.ts'
import { strict } from '../problems.ts'
import { json, problems } from '../schemas/responses.ts'
import { showWorkflowStats, workflowStatsSchema } from '../schemas/workflow-stats.ts'

/** Newest runs of a workflow that its numbers are of. */
const RUNS = 200
/** Newest runs that are told one by one. */
const RECENT = 20

const ids = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => [given].flat().flatMap((text) => text.split(',')))
  .pipe(z.array(z.uuid()).min(1).max(LIMITS.pageSize))
  .openapi({ type: 'array', items: { type: 'string', format: 'uuid' }, description: 'Ids of workflows' })

const statsRoute = createRoute({
  method: 'get',
  path: '/stats/workflows',
  tags: ['Operations'],
  summary: 'How the newest runs of workflows went',
  description: `Of each workflow, its newest ${RUNS} runs: share that completed, durations; the newest ${RECENT} one by one.`,
  request: { query: strict({ workflow: ids }) },
  responses: {
    200: json(z.object({ items: z.array(workflowStatsSchema) }), 'In the order asked'),
    ...problems(422),
  },
})

/** Statistics of workflows. */
export function workflowStatsRoutes(engine: Engine): OpenAPIHono {
  const app = new OpenAPIHono()
  app.openapi(statsRoute, async (c) => {
    const rows = await readWorkflowStats(engine.db, c.req.valid('query').workflow, { runs: RUNS, recent: RECENT })
    return c.json({ items: rows.map(showWorkflowStats) }, 200)
  })
  return app
}
