import { OpenAPIHono } from '@hono/zod-openapi'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { secureHeaders } from 'hono/secure-headers'
import { trimTrailingSlash } from 'hono/trailing-slash'
import type { Engine } from '../engine/engine.ts'
import { LIMITS } from '../workflow/limits.ts'
import { workflowJsonSchema } from '../workflow/json-schema.ts'
import { boardRoutes } from './board.ts'
import { readBodies } from './body.ts'
import { refuseCrossSite } from './cross-site.ts'
import { createDashboard } from './dashboard.ts'
import { docsRoutes } from './docs.ts'
import { handleErrors, handleMethodNotAllowed, handleNotFound, refuseInvalid } from './error-handler.ts'
import { createMetrics } from './metrics.ts'
import { serveOpenApi } from './openapi.ts'
import { actionRoutes } from './routes/actions.ts'
import { approvalRoutes } from './routes/approvals.ts'
import { driftRoutes } from './routes/drift.ts'
import { eventRoutes } from './routes/events.ts'
import { controlRoutes } from './routes/control.ts'
import { explainRoutes } from './routes/explain.ts'
import { manufacturingRoutes } from './routes/manufacturing.ts'
import { operationRoutes, probeRoutes } from './routes/operations.ts'
import { orderRoutes } from './routes/orders.ts'
import { overviewRoutes } from './routes/overview.ts'
import { runRoutes } from './routes/runs.ts'
import { scheduleRoutes } from './routes/schedules.ts'
import { startRoutes } from './routes/start.ts'
import { streamRoutes } from './routes/stream.ts'
import { deliveryRoutes, webhookRoutes } from './routes/webhooks.ts'
import { workflowStatsRoutes } from './routes/workflow-stats.ts'
import { workflowRoutes } from './routes/workflows.ts'
import { serviceStats } from './service-stats.ts'
import type { Streams } from './stream/streams.ts'

const SCHEMA_PATH = '/api/v1/schema/workflow.json'
const BOARD_PATH = '/queues'

/** Nothing comes from elsewhere; styles may stand in pages, since the dashboard, Swagger UI and Bull Board write some. */
const SECURITY = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'self'"],
    scriptSrc: ["'self'"],
    workerSrc: ["'self'"],
    connectSrc: ["'self'"],
    formAction: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:'],
    fontSrc: ["'self'", 'data:'],
    objectSrc: ["'none'"],
    baseUri: ["'self'"],
    frameAncestors: ["'none'"],
  },
  xFrameOptions: 'DENY',
  strictTransportSecurity: false,
})

/**
 * The whole HTTP side: the API below `/api/v1`, the short routes of the manufacturing analysis, the documentation, the
 * queues, the metrics. Stateless, so any number of processes can serve it.
 */
export function createApp(engine: Engine, streams: Streams, options: { flushDrill: boolean }): OpenAPIHono {
  const readStats = serviceStats(engine)
  const metrics = createMetrics(readStats, engine.log)
  const dashboard = createDashboard()
  const app = new OpenAPIHono({ defaultHook: refuseInvalid })
  app.onError(handleErrors(engine.log))
  app.notFound(dashboard.orElse(handleNotFound))

  app.use(metrics.measure, SECURITY, refuseCrossSite)
  app.use(methodNotAllowed({ app, onMethodNotAllowed: handleMethodNotAllowed }))
  app.use(trimTrailingSlash())
  // Before what reads bodies: signatures are of the bytes as they came.
  app.route('/', deliveryRoutes(engine))
  app.route('/api/v1', deliveryRoutes(engine))
  app.use(readBodies(LIMITS.bodyBytes))

  app.route('/', dashboard.routes)
  app.route('/', docsRoutes())
  app.route('/', probeRoutes(engine))
  app.get('/metrics', async (c) => c.body(await metrics.scrape(), 200, { 'content-type': metrics.contentType }))
  app.route('/', manufacturingRoutes(engine))
  app.route(BOARD_PATH, boardRoutes(engine, BOARD_PATH))
  app.route('/api/v1', apiRoutes(engine, readStats, streams).route('/', driftRoutes(engine, options)))
  app.get(SCHEMA_PATH, (c) => c.json(workflowJsonSchema(SCHEMA_PATH)))
  serveOpenApi(app)
  return app
}

function apiRoutes(engine: Engine, readStats: ReturnType<typeof serviceStats>, streams: Streams): OpenAPIHono {
  const api = new OpenAPIHono()
  api.route('/', workflowRoutes(engine))
  api.route('/', workflowStatsRoutes(engine))
  api.route('/', startRoutes(engine))
  // Before the routes of one run: `/runs/diff` is none.
  api.route('/', explainRoutes(engine))
  api.route('/', runRoutes(engine))
  api.route('/', streamRoutes(engine, streams))
  api.route('/', approvalRoutes(engine))
  api.route('/', eventRoutes(engine))
  api.route('/', controlRoutes(engine))
  api.route('/', orderRoutes(engine))
  api.route('/', scheduleRoutes(engine))
  api.route('/', webhookRoutes(engine))
  api.route('/', actionRoutes(engine))
  api.route('/', operationRoutes(engine, readStats))
  api.route('/', overviewRoutes(engine))
  api.route('/', manufacturingRoutes(engine))
  api.route('/', probeRoutes(engine))
  return api
}
