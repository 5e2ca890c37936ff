import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { listControls } from '../../db/run-controls.ts'
import { isUuid } from '../../db/search.ts'
import { bulkControl } from '../../engine/bulk.ts'
import { cancelRun } from '../../engine/cancel.ts'
import type { Engine } from '../../engine/engine.ts'
import { pauseRun, resumeRun } from '../../engine/pause.ts'
import { retryRun } from '../../engine/retry-run.ts'
import { SluiceError } from '../../errors.ts'
import { LIMITS } from '../../workflow/limits.ts'
import { askedBy } from '../asked-by.ts'
import { decodeCursor, pageFrom, pageOf, pageQuery, SERIAL } from '../pages.ts'
import { strict } from '../problems.ts'
import { readRunFilter, runFilter } from '../run-filter.ts'
import { readRun, requireRun } from '../run-view.ts'
import { runControlSchema, showRunControl } from '../schemas/control.ts'
import { body, BODY_PROBLEMS, json, problems } from '../schemas/responses.ts'
import { runSchema } from '../schemas/run.ts'

const tags = ['Controls']
const params = z.object({ run: z.string().openapi({ description: 'Id of a run' }) })
const none = strict({}).optional()

const retrySchema = strict({
  from: z.string().min(1).max(64).optional().openapi({
    description:
      'Id of a step: it and all that depend on it run again, whatever became of them. Default: what failed, was cancelled or skipped',
  }),
})
  .optional()
  .openapi('RetryRun')

const bulkSchema = strict({
  action: z.enum(['cancel', 'retry']),
  filter: strict(runFilter).openapi({
    description: 'As the query of `GET /runs`; what is left out holds for every run',
  }),
  dry_run: z.boolean().default(false).openapi({ description: 'Only count' }),
}).openapi('ControlRuns')

const controlRoute = <Verb extends string, Body extends z.ZodType>(verb: Verb, summary: string, schema: Body) =>
  createRoute({
    method: 'post',
    path: `/runs/{run}/${verb}` as const,
    tags,
    summary,
    request: { params, body: { ...body(schema), required: false } },
    responses: { 202: json(runSchema, 'The run as it is now'), ...problems(404, 409, ...BODY_PROBLEMS) },
  })

const cancelRoute = controlRoute('cancel', 'Cancel a run and its child runs', none)
const pauseRoute = controlRoute('pause', 'Pause a run and its child runs: no further step starts', none)
const resumeRoute = controlRoute('resume', 'Let a paused run go on', none)
const retryRoute = controlRoute('retry', 'Have a run go on from what failed, or from a step', retrySchema)

const listRoute = createRoute({
  method: 'get',
  path: '/runs/{run}/controls',
  tags,
  summary: 'List the controls that a run has had, oldest first',
  request: { params, query: strict(pageQuery) },
  responses: { 200: json(pageOf(runControlSchema), 'A page'), ...problems(404, 422) },
})

const bulkRoute = createRoute({
  method: 'post',
  path: '/runs/bulk',
  tags,
  summary: `Cancel or retry the runs that a filter finds, the newest ${LIMITS.bulkRuns.toLocaleString('en')} at most`,
  request: { body: body(bulkSchema) },
  responses: {
    202: json(
      z.object({
        matched: z.int().openapi({
          description: `Runs that the filter finds and the action suits, at most ${LIMITS.bulkRuns.toLocaleString('en')}`,
        }),
      }),
      'How many runs; they are seen to in the background, unless it is a dry run',
    ),
    ...problems(...BODY_PROBLEMS),
  },
})

/** What operators do to runs. Of two who act at once one is refused, with the state that the run is in then. */
export function controlRoutes(engine: Engine): OpenAPIHono {
  const app = new OpenAPIHono()
  app.openapi(bulkRoute, async (c) => {
    const { action, filter, dry_run: dryRun } = c.req.valid('json')
    const found = await readRunFilter(engine, filter)
    const matched = found === null ? 0 : await bulkControl(engine, action, found, { dryRun, ...askedBy(c) })
    return c.json({ matched }, 202)
  })
  const answer = async (given: string, control: (id: string) => Promise<void>) => {
    // Without regard to case, as Postgres reads it.
    const id = given.toLowerCase()
    if (!isUuid(id)) throw new SluiceError('not_found', `There is no run "${given}".`)
    await control(id)
    return readRun(engine, id)
  }
  app.openapi(cancelRoute, async (c) =>
    c.json(await answer(c.req.valid('param').run, (id) => cancelRun(engine, id, askedBy(c))), 202),
  )
  app.openapi(pauseRoute, async (c) =>
    c.json(await answer(c.req.valid('param').run, (id) => pauseRun(engine, id, askedBy(c))), 202),
  )
  app.openapi(resumeRoute, async (c) =>
    c.json(await answer(c.req.valid('param').run, (id) => resumeRun(engine, id, askedBy(c))), 202),
  )
  app.openapi(retryRoute, async (c) => {
    const options = { ...c.req.valid('json'), ...askedBy(c) }
    return c.json(await answer(c.req.valid('param').run, (id) => retryRun(engine, id, options)), 202)
  })
  app.openapi(listRoute, async (c) => {
    const run = await requireRun(engine, c.req.valid('param').run)
    const { limit, cursor } = c.req.valid('query')
    const after = decodeCursor(cursor, SERIAL)
    const rows = await listControls(engine.db, {
      runId: run.id,
      after: after === undefined ? undefined : Number(after),
      limit: limit + 1,
    })
    return c.json(pageFrom(rows, limit, { key: (row) => String(row.id), item: showRunControl }), 200)
  })
  return app
}
