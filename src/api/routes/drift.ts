import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { findDrift, repairDrift } from '../../engine/drift.ts'
import type { Engine } from '../../engine/engine.ts'
import { flushDrill } from '../../engine/flush-drill.ts'
import { SluiceError } from '../../errors.ts'
import { showDrift, showFlushDrill } from '../drift-view.ts'
import { strict } from '../problems.ts'
import { driftSchema, flushDrillSchema } from '../schemas/drift.ts'
import { body, BODY_PROBLEMS, json, problems } from '../schemas/responses.ts'

const tags = ['Operations']
const MAX_RUNS = 20_000
const DEFAULT_RUNS = 2_000
/** Longest that a drill may be waited for, and how long it is unless the request says otherwise; seconds. */
const MAX_DRILL_SECONDS = 300
const DEFAULT_DRILL_SECONDS = 60

const query = strict({
  limit: z
    .string()
    .regex(/^\d{1,9}$/, `a whole number from 1 to ${MAX_RUNS}`)
    .transform(Number)
    .pipe(z.int().min(1).max(MAX_RUNS))
    .default(DEFAULT_RUNS)
    .openapi({
      type: 'integer',
      minimum: 1,
      maximum: MAX_RUNS,
      default: DEFAULT_RUNS,
      description: 'Unfinished runs to look at, the oldest first; and ten times as many jobs',
    }),
})

const driftRoute = createRoute({
  method: 'get',
  path: '/ops/drift',
  tags,
  summary: 'Where Postgres and the queue differ for longer than a moment',
  request: { query },
  responses: { 200: json(driftSchema, 'What was found, by two looks'), ...problems(409, 422, 503) },
})

const repairRoute = createRoute({
  method: 'post',
  path: '/ops/drift',
  tags,
  summary: 'Make the queue agree with Postgres where the two differ',
  request: { query },
  responses: { 200: json(driftSchema, 'What was found, and what became of it'), ...problems(409, 422, 503) },
})

const drillSchema = strict({
  timeout_seconds: z.int().min(1).max(MAX_DRILL_SECONDS).default(DEFAULT_DRILL_SECONDS).openapi({
    description: 'How long to wait for the runs; the request stays open meanwhile',
  }),
})
  .optional()
  .openapi('StartFlushDrill')

const drillRoute = createRoute({
  method: 'post',
  path: '/ops/flush-drill',
  tags,
  summary: 'Empty the queue while work goes on, and measure until all of it is back',
  description:
    'For operators only. The API knows no roles: this is 403 unless whoever starts the process sets `SLUICE_FLUSH_DRILL=on`, and ' +
    'then everybody who reaches that process may do it. 409 while another drill is under way, or where the queue of this ' +
    'process is not the one in use.',
  request: { body: { ...body(drillSchema), required: false } },
  responses: {
    200: json(flushDrillSchema, 'Every run that was unfinished is back'),
    ...problems(403, 409, 504, ...BODY_PROBLEMS),
  },
})

/** For those who look after the service: whether the queue agrees with Postgres, and that it may be lost. */
export function driftRoutes(engine: Engine, options: { flushDrill: boolean }): OpenAPIHono {
  const app = new OpenAPIHono()
  app.openapi(driftRoute, async (c) => c.json(showDrift(await findDrift(engine, c.req.valid('query').limit)), 200))
  app.openapi(repairRoute, async (c) => c.json(showDrift(await repairDrift(engine, c.req.valid('query').limit)), 200))
  app.openapi(drillRoute, async (c) => {
    if (!options.flushDrill) {
      throw new SluiceError(
        'forbidden',
        'Flush drills are for operators only, since they empty the queue, and are off in this process. Start an API process that ' +
          'only operators reach with SLUICE_FLUSH_DRILL=on, and ask that one.',
      )
    }
    const { timeout_seconds: seconds = DEFAULT_DRILL_SECONDS } = c.req.valid('json') ?? {}
    return c.json(showFlushDrill(await flushDrill(engine, seconds * 1_000)), 200)
  })
  return app
}
