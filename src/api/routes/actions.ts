import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { listActions } from '../../db/actions.ts'
import type { Engine } from '../../engine/engine.ts'
import { decodeCursor, pageFrom, pageOf, pageQuery } from '../pages.ts'
import { strict } from '../problems.ts'
import { actionSchema, showAction } from '../schemas/action.ts'
import { json, problems } from '../schemas/responses.ts'

const ACTION_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

const listRoute = createRoute({
  method: 'get',
  path: '/actions',
  tags: ['Actions'],
  summary: 'The actions that definitions can use, by name',
  request: { query: strict(pageQuery) },
  responses: { 200: json(pageOf(actionSchema), 'A page'), ...problems(422) },
})

/** The actions that workers announced. */
export function actionRoutes(engine: Engine): OpenAPIHono {
  const app = new OpenAPIHono()
  app.openapi(listRoute, async (c) => {
    const { limit, cursor } = c.req.valid('query')
    const after = decodeCursor(cursor, ACTION_NAME)
    const rows = await listActions(engine.db, { aliveMs: engine.lockDurationMs, after, limit: limit + 1 })
    return c.json(pageFrom(rows, limit, { key: (row) => row.action.name, item: showAction }), 200)
  })
  return app
}
