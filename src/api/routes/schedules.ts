import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { getSchedule, listSchedules, type ScheduleEntry } from '../../db/schedules.ts'
import { isUuid } from '../../db/search.ts'
import type { Engine } from '../../engine/engine.ts'
import { changeSchedule, createSchedule, removeSchedule } from '../../engine/schedule.ts'
import { SluiceError } from '../../errors.ts'
import { decodeCursor, pageFrom, pageOf, pageQuery, UUID } from '../pages.ts'
import { strict } from '../problems.ts'
import { body, BODY_PROBLEMS, json, problems } from '../schemas/responses.ts'
import { changeScheduleSchema, createScheduleSchema, scheduleSchema, showSchedule } from '../schemas/schedule.ts'
import { requireWorkflow } from '../workflow-lookup.ts'

const tags = ['Schedules']
const params = z.object({ schedule: z.string().openapi({ description: 'Id of a schedule' }) })

const postRoute = createRoute({
  method: 'post',
  path: '/schedules',
  tags,
  summary: 'Start runs of a workflow at certain times',
  request: { body: body(createScheduleSchema) },
  responses: { 201: json(scheduleSchema, 'The schedule'), ...problems(404, 409, ...BODY_PROBLEMS) },
})

const listRoute = createRoute({
  method: 'get',
  path: '/schedules',
  tags,
  summary: 'List schedules, newest first',
  request: { query: strict({ workflow: z.string().optional().openapi({ description: 'Id or name' }), ...pageQuery }) },
  responses: { 200: json(pageOf(scheduleSchema), 'A page'), ...problems(404, 422) },
})

const getRoute = createRoute({
  method: 'get',
  path: '/schedules/{schedule}',
  tags,
  summary: 'One schedule, with its next five times',
  request: { params },
  responses: { 200: json(scheduleSchema, 'The schedule'), ...problems(404) },
})

const patchRoute = createRoute({
  method: 'patch',
  path: '/schedules/{schedule}',
  tags,
  summary: 'Change or pause a schedule',
  description: 'One that a definition makes can be paused; the rest of it changes with the next version.',
  request: { params, body: body(changeScheduleSchema) },
  responses: { 200: json(scheduleSchema, 'The schedule'), ...problems(404, 409, ...BODY_PROBLEMS) },
})

const deleteRoute = createRoute({
  method: 'delete',
  path: '/schedules/{schedule}',
  tags,
  summary: 'Delete a schedule; its runs stay',
  request: { params },
  responses: { 204: { description: 'Deleted' }, ...problems(404, 409) },
})

/** Schedules: create, list, show, change, delete. */
export function scheduleRoutes(engine: Engine): OpenAPIHono {
  const app = new OpenAPIHono()
  app.openapi(postRoute, async (c) => {
    const { workflow, ...settings } = c.req.valid('json')
    const schedule = await createSchedule(engine, await requireWorkflow(engine, workflow), settings)
    return c.json(showSchedule(schedule, new Date()), 201, { location: `/api/v1/schedules/${schedule.id}` })
  })
  app.openapi(listRoute, async (c) => {
    const { workflow, limit, cursor } = c.req.valid('query')
    const workflowId = workflow === undefined ? undefined : (await requireWorkflow(engine, workflow)).id
    const rows = await listSchedules(engine.db, { workflowId, before: decodeCursor(cursor, UUID), limit: limit + 1 })
    const now = new Date()
    const item = (row: ScheduleEntry) => showSchedule(row, now)
    return c.json(pageFrom(rows, limit, { key: (row) => row.id, item }), 200)
  })
  app.openapi(getRoute, async (c) => {
    return c.json(showSchedule(await requireSchedule(engine, c.req.valid('param').schedule), new Date()), 200)
  })
  app.openapi(patchRoute, async (c) => {
    const schedule = await requireSchedule(engine, c.req.valid('param').schedule)
    const { workflow: given, ...changes } = c.req.valid('json')
    const workflow = await requireWorkflow(engine, given ?? schedule.workflowId)
    return c.json(showSchedule(await changeSchedule(engine, schedule, workflow, changes), new Date()), 200)
  })
  app.openapi(deleteRoute, async (c) => {
    const { id } = await requireSchedule(engine, c.req.valid('param').schedule)
    await removeSchedule(engine, id)
    return c.body(null, 204)
  })
  return app
}

async function requireSchedule(engine: Engine, id: string): Promise<ScheduleEntry> {
  const schedule = isUuid(id) ? await getSchedule(engine.db.orm, id) : null
  if (schedule === null) throw new SluiceError('not_found', `There is no schedule "${id}".`)
  return schedule
}
