import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { Engine } from '../../engine/engine.ts'
import { listLogs } from '../../db/logs.ts'
import { listRuns } from '../../db/run-queries.ts'
import { decodeCursor, pageFrom, pageOf, pageQuery, SERIAL, UUID } from '../pages.ts'
import { strict } from '../problems.ts'
import { readRunFilter, runFilter } from '../run-filter.ts'
import { readRun, requireRun } from '../run-view.ts'
import { logLineSchema, showLogLine } from '../schemas/log-line.ts'
import { json, problems } from '../schemas/responses.ts'
import { runEntrySchema, runSchema, showRunEntry } from '../schemas/run.ts'
import { stepDetailSchema } from '../schemas/step.ts'
import { readStepDetail, requireStep } from '../step-view.ts'

const tags = ['Runs']
const params = z.object({ run: z.string().openapi({ description: 'Id of a run' }) })

const listRoute = createRoute({
  method: 'get',
  path: '/runs',
  tags,
  summary: 'List runs, newest first',
  request: {
    query: strict({ ...runFilter, ...pageQuery }),
  },
  responses: { 200: json(pageOf(runEntrySchema), 'A page'), ...problems(422) },
})

const getRoute = createRoute({
  method: 'get',
  path: '/runs/{run}',
  tags,
  summary: 'One run with its steps',
  request: { params },
  responses: { 200: json(runSchema, 'The run'), ...problems(404) },
})

const stepRoute = createRoute({
  method: 'get',
  path: '/runs/{run}/steps/{step}',
  tags,
  summary: 'One step of a run with its payloads and attempts',
  request: { params: params.extend({ step: z.string().openapi({ description: 'Id of a step' }) }) },
  responses: { 200: json(stepDetailSchema, 'The step'), ...problems(404) },
})

const logsRoute = createRoute({
  method: 'get',
  path: '/runs/{run}/logs',
  tags,
  summary: 'List what the actions of a run logged, oldest first',
  request: {
    params,
    query: strict({
      step: z.string().optional().openapi({ description: 'Id of a step; default: all' }),
      after: z
        .string()
        .regex(SERIAL, 'the `id` of a log line')
        .transform(Number)
        .optional()
        .openapi({ type: 'integer', description: '`id` of the last line that is known already' }),
      ...pageQuery,
    }),
  },
  responses: { 200: json(pageOf(logLineSchema), 'A page'), ...problems(404, 422) },
})

/** Runs: list, show, steps, logs. How they start is in start.ts. */
export function runRoutes(engine: Engine): OpenAPIHono {
  const app = new OpenAPIHono()
  app.openapi(listRoute, async (c) => {
    const { limit, cursor, ...query } = c.req.valid('query')
    const filter = await readRunFilter(engine, query)
    if (filter === null) return c.json({ items: [], next_cursor: null }, 200)
    const rows = await listRuns(engine.db, { ...filter, before: decodeCursor(cursor, UUID), limit: limit + 1 })
    return c.json(pageFrom(rows, limit, { key: (row) => row.id, item: showRunEntry }), 200)
  })
  app.openapi(getRoute, async (c) => c.json(await readRun(engine, c.req.valid('param').run), 200))
  app.openapi(stepRoute, async (c) => {
    const { run, step } = c.req.valid('param')
    return c.json(await readStepDetail(engine, await requireRun(engine, run), step), 200)
  })
  app.openapi(logsRoute, async (c) => {
    const run = await requireRun(engine, c.req.valid('param').run)
    const { step, after, limit, cursor } = c.req.valid('query')
    const stepIndex = step === undefined ? undefined : (await requireStep(engine, run, step)).stepIndex
    const key = decodeCursor(cursor, SERIAL)
    const from = key === undefined ? after : Number(key)
    const rows = await listLogs(engine.db, { runId: run.id, stepIndex, after: from, limit: limit + 1 })
    return c.json(pageFrom(rows, limit, { key: (row) => String(row.id), item: showLogLine }), 200)
  })
  return app
}
