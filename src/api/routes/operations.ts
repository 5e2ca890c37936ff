import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { readSnapshot } from '../../db/snapshot.ts'
import type { Engine } from '../../engine/engine.ts'
import { SluiceError } from '../../errors.ts'
import { findMissing } from '../readiness.ts'
import type { ServiceStats } from '../service-stats.ts'
import { json, problems } from '../schemas/responses.ts'
import { VERSION } from '../version.ts'
import { showStats, statsSchema } from '../schemas/stats.ts'

const tags = ['Operations']
/** Rows of each table that a snapshot shows. */
const SNAPSHOT_ROWS = 50

const healthRoute = createRoute({
  method: 'get',
  path: '/health',
  tags,
  summary: 'Whether this process is up',
  responses: {
    200: json(z.object({ status: z.literal('ok'), version: z.string(), uptime_seconds: z.number() }), 'It is'),
  },
})

const readyRoute = createRoute({
  method: 'get',
  path: '/ready',
  tags,
  summary: 'Whether requests can be served: Postgres, its migrations, the queue',
  responses: {
    200: json(z.object({ status: z.literal('ready') }), 'They can'),
    ...problems(503),
  },
})

const statsRoute = createRoute({
  method: 'get',
  path: '/stats',
  tags,
  summary: 'Counts by status, throughput, queue depths, workers; at most a second old',
  responses: { 200: json(statsSchema, 'The numbers'), ...problems(503) },
})

const snapshotRoute = createRoute({
  method: 'get',
  path: '/db/snapshot',
  tags,
  summary: 'The newest rows of each table',
  responses: {
    200: json(
      z.record(z.string(), z.array(z.record(z.string(), z.unknown()))),
      'By table; secrets are left out, long payloads cut off',
    ),
    ...problems(503),
  },
})

/** Whether the process is up, and whether it can serve. */
export function probeRoutes(engine: Engine): OpenAPIHono {
  const app = new OpenAPIHono()
  app.openapi(healthRoute, (c) =>
    c.json({ status: 'ok' as const, version: VERSION, uptime_seconds: process.uptime() }, 200),
  )
  app.openapi(readyRoute, async (c) => {
    const missing = await findMissing(engine)
    if (missing.length === 0) return c.json({ status: 'ready' as const }, 200)
    const what = missing.map(({ message }) => message).join('; ')
    throw new SluiceError('unavailable', `Not ready: ${what}.`, { problems: missing })
  })
  return app
}

/** Numbers and rows for those who look after the service. */
export function operationRoutes(engine: Engine, readStats: () => Promise<ServiceStats>): OpenAPIHono {
  const app = new OpenAPIHono()
  app.openapi(statsRoute, async (c) => c.json(showStats(await readStats()), 200))
  app.openapi(snapshotRoute, async (c) => c.json(await readSnapshot(engine.db, SNAPSHOT_ROWS), 200))
  return app
}
