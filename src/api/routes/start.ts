import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { Engine } from '../../engine/engine.ts'
import { rerunRun } from '../../engine/rerun.ts'
import { SluiceError } from '../../errors.ts'
import { idempotencyHeaders, idempotencyOf } from '../idempotency.ts'
import { payload } from '../payload.ts'
import { strict } from '../problems.ts'
import { readRun } from '../run-view.ts'
import { id } from '../schemas/fields.ts'
import { body, BODY_PROBLEMS, json, problems } from '../schemas/responses.ts'
import { runSchema, startBatchSchema, startDefinitionSchema, startRunSchema } from '../schemas/run.ts'
import { startDefined, startMany, startOne, type StartedRun } from '../start-run.ts'
import { LatestVersions } from '../workflow-lookup.ts'
import { workflowParams } from './workflows.ts'

const tags = ['Runs']
const runParams = z.object({ run: z.string().openapi({ description: 'Id of a run' }) })
const started = {
  200: json(runSchema, 'The run that an earlier request with this key started (`Idempotency-Replayed: true`)'),
  202: json(runSchema, 'The run; `Location` tells where it can be watched'),
}

const rerunSchema = strict({ input: payload.optional().openapi({ description: 'Default: that of the run' }) })
  .optional()
  .openapi('RerunRun')
const batchSchema = z.object({ items: z.array(z.object({ id })) })

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

const rerunRoute = createRoute({
  method: 'post',
  path: '/runs/{run}/rerun',
  tags,
  summary: 'Start a new run of the same version',
  request: { params: runParams, headers: idempotencyHeaders, body: { ...body(rerunSchema), required: false } },
  responses: { ...started, ...problems(404, 409, ...BODY_PROBLEMS) },
})

const startBatchRoute = createRoute({
  method: 'post',
  path: '/workflows/{workflow}/runs/batch',
  tags,
  summary: 'Start up to 1,000 runs, all or none',
  request: { params: workflowParams, headers: idempotencyHeaders, body: body(startBatchSchema) },
  responses: {
    200: json(batchSchema, 'The runs that an earlier request with this key started (`Idempotency-Replayed: true`)'),
    202: json(batchSchema, 'The ids of the runs, in the order of the requests'),
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
    const request = c.req.valid('json')
    const key = idempotencyOf(c.req.valid('header'), request)
    const { workflow } = c.req.valid('param')
    const { ids, replayed } = await latest.start({ workflow, key }, (version) =>
      startMany(engine, version, request.runs, key),
    )
    return c.json({ items: ids.map((run) => ({ id: run })) }, replayed ? 200 : 202, replayedHeader(replayed))
  })
  app.openapi(rerunRoute, async (c) => {
    // Without regard to case, as Postgres reads it.
    const of = c.req.valid('param').run.toLowerCase()
    const request = c.req.valid('json') ?? {}
    const key = idempotencyOf(c.req.valid('header'), { rerun_of: of, ...request })
    const { ids, replayed } = await rerunRun(engine, of, { ...request, key })
    const run = await readRun(engine, ids[0] ?? '')
    return c.json(run, replayed ? 200 : 202, headersOf({ run, replayed }))
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
  return { location: `/api/v1/runs/${run.id}`, ...replayedHeader(replayed) }
}

function replayedHeader(replayed: boolean): Record<string, string> {
  return replayed ? { 'idempotency-replayed': 'true' } : {}
}
