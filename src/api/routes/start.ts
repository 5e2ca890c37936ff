import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { Engine } from '../../engine/engine.ts'
import { SluiceError } from '../../errors.ts'
import { idempotencyHeaders, idempotencyOf } from '../idempotency.ts'
import { id } from '../schemas/fields.ts'
import { body, BODY_PROBLEMS, json, problems } from '../schemas/responses.ts'
import { runSchema, startBatchSchema, startDefinitionSchema, startRunSchema } from '../schemas/run.ts'
import { startDefined, startMany, startOne, type StartedRun } from '../start-run.ts'
import { LatestVersions } from '../workflow-lookup.ts'
import { workflowParams } from './workflows.ts'

const tags = ['Runs']
const started = {
  200: json(runSchema, 'The run that an earlier request with this key started (`Idempotency-Replayed: true`)'),
  202: json(runSchema, 'The run; `Location` tells where it can be watched'),
}

const startRoute = createRoute({
  method: 'post',
  path: '/workflows/{workflow}/runs',
  tags,
  summary: 'Start a run of the latest version',
  request: { params: workflowParams, headers: idempotencyHeaders, body: body(startRunSchema) },
  responses: { ...started, ...problems(404, 409, ...BODY_PROBLEMS) },
})

const startDefinitionRoute = createRoute({
  method: 'post',
  path: '/runs',
  tags,
  summary: 'Store a definition and start a run of it',
  request: { headers: idempotencyHeaders, body: body(startDefinitionSchema) },
  responses: { ...started, ...problems(...BODY_PROBLEMS) },
})

const startBatchRoute = createRoute({
  method: 'post',
  path: '/workflows/{workflow}/runs/batch',
  tags,
  summary: 'Start up to 1,000 runs, all or none',
  request: { params: workflowParams, body: body(startBatchSchema) },
  responses: {
    202: json(z.object({ items: z.array(z.object({ id })) }), 'The ids of the runs, in the order of the requests'),
    ...problems(404, 409, ...BODY_PROBLEMS),
  },
})

/** Starting runs. */
export function startRoutes(engine: Engine): OpenAPIHono {
  const app = new OpenAPIHono()
  const latest = new LatestVersions(engine)
  app.openapi(startRoute, async (c) => {
    const request = c.req.valid('json')
    const key = idempotencyOf(c.req.valid('header'), request)
    const { workflow } = c.req.valid('param')
    const started = await latest.start({ workflow, key }, (version) => startOne(engine, version, request, key))
    return c.json(started.run, started.replayed ? 200 : 202, headersOf(started))
  })
  app.openapi(startDefinitionRoute, async (c) => {
    const request = c.req.valid('json')
    const key = idempotencyOf(c.req.valid('header'), request)
    const started = await withinDefinition(() => startDefined(engine, request, key))
    return c.json(started.run, started.replayed ? 200 : 202, headersOf(started))
  })
  app.openapi(startBatchRoute, async (c) => {
    const { runs } = c.req.valid('json')
    const ids = await latest.start(c.req.valid('param'), (version) => startMany(engine, version, runs))
    return c.json({ items: ids.map((run) => ({ id: run })) }, 202)
  })
  return app
}

/** Paths of what is wrong with the definition lead from the request's body. */
async function withinDefinition<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof SluiceError) || !['invalid_definition', 'not_supported'].includes(error.code)) throw error
    const problems = error.problems.map((found) => ({ ...found, path: `/definition${found.path}` }))
    throw new SluiceError(error.code, error.message, { problems })
  }
}

/** What the headers of the answer to a start tell. */
export function headersOf({ run, replayed }: StartedRun): Record<string, string> {
  return { location: `/api/v1/runs/${run.id}`, ...(replayed ? { 'idempotency-replayed': 'true' } : {}) }
}
