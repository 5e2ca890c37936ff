import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { listRunningSteps } from '../../db/running-steps.ts'
import { listAliveWorkers } from '../../db/stats.ts'
import type { Engine } from '../../engine/engine.ts'
import { strict } from '../problems.ts'
import { HISTORY_RANGES, runHistory } from '../run-history.ts'
import { historySchema, showHistory } from '../schemas/history.ts'
import { json, problems } from '../schemas/responses.ts'
import { busyWorkerSchema, showBusyWorker } from '../schemas/worker.ts'
import { shared } from '../shared-answer.ts'

const tags = ['Operations']
/** How old the list of workers may be. */
const FRESH_MS = 1_000
/** Running steps that are told, of all workers together. */
const MOST_STEPS = 500

const historyRoute = createRoute({
  method: 'get',
  path: '/stats/history',
  tags,
  summary:
    'How runs went over time, and which workflows were slow or failed; at most five seconds old, those of a week a minute',
  request: { query: strict({ range: z.enum(HISTORY_RANGES).default('1h') }) },
  responses: { 200: json(historySchema, 'Up to now'), ...problems(422, 503) },
})

const workersRoute = createRoute({
  method: 'get',
  path: '/workers',
  tags,
  summary: 'Worker processes that are alive, with what they do; at most a second old',
  responses: {
    200: json(
      z.object({
        items: z.array(busyWorkerSchema),
        is_complete: z.boolean().openapi({ description: `Whether all running steps are told: ${MOST_STEPS} at most` }),
      }),
      'The newest first',
    ),
    ...problems(503),
  },
})

/** What the overview of the dashboard asks for, beside the numbers. */
export function overviewRoutes(engine: Engine): OpenAPIHono {
  const app = new OpenAPIHono()
  const readHistory = runHistory(engine)
  const readWorkers = shared(FRESH_MS, async () => {
    const [workers, steps] = await Promise.all([
      listAliveWorkers(engine.db, engine.lockDurationMs),
      listRunningSteps(engine.db, MOST_STEPS),
    ])
    return { items: workers.map((worker) => showBusyWorker(worker, steps)), is_complete: steps.length < MOST_STEPS }
  })
  app.openapi(historyRoute, async (c) => c.json(showHistory(await readHistory(c.req.valid('query').range)), 200))
  app.openapi(workersRoute, async (c) => c.json(await readWorkers(), 200))
  return app
}
