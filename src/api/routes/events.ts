import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { listEvents } from '../../db/events.ts'
import type { Engine } from '../../engine/engine.ts'
import { sendEvent } from '../../engine/send-event.ts'
import { LIMITS } from '../../workflow/limits.ts'
import { askedBy } from '../asked-by.ts'
import { decodeCursor, pageFrom, pageOf, pageQuery, UUID } from '../pages.ts'
import { payload, storableText } from '../payload.ts'
import { strict } from '../problems.ts'
import { requireRun } from '../run-view.ts'
import { eventSchema, showEvent } from '../schemas/event.ts'
import { id } from '../schemas/fields.ts'
import { body, BODY_PROBLEMS, json, problems } from '../schemas/responses.ts'

const tags = ['Events']
const params = z.object({ run: z.string().openapi({ description: 'Id of a run' }) })

const sendSchema = strict({
  name: storableText(1, LIMITS.eventName),
  data: payload.optional().openapi({ description: 'Becomes the output of the step that it wakes' }),
}).openapi('SendEvent')

const postRoute = createRoute({
  method: 'post',
  path: '/runs/{run}/events',
  tags,
  summary: 'Send an event to a run',
  description: 'Wakes the `wait_event` steps of this name that it matches; kept for one that is yet to wait.',
  request: { params, body: body(sendSchema) },
  responses: { 202: json(z.object({ id }), 'Taken'), ...problems(404, 409, ...BODY_PROBLEMS) },
})

const listRoute = createRoute({
  method: 'get',
  path: '/runs/{run}/events',
  tags,
  summary: 'List the events of a run, oldest first',
  request: { params, query: strict(pageQuery) },
  responses: { 200: json(pageOf(eventSchema), 'A page'), ...problems(404, 422) },
})

/** Events of runs. */
export function eventRoutes(engine: Engine): OpenAPIHono {
  const app = new OpenAPIHono()
  app.openapi(postRoute, async (c) => {
    const run = await requireRun(engine, c.req.valid('param').run)
    const { name, data = null } = c.req.valid('json')
    return c.json({ id: await sendEvent(engine, run.id, { name, data }, askedBy(c)) }, 202)
  })
  app.openapi(listRoute, async (c) => {
    const run = await requireRun(engine, c.req.valid('param').run)
    const { limit, cursor } = c.req.valid('query')
    const rows = await listEvents(engine.db, { runId: run.id, after: decodeCursor(cursor, UUID), limit: limit + 1 })
    return c.json(pageFrom(rows, limit, { key: (row) => row.id, item: showEvent }), 200)
  })
  return app
}
