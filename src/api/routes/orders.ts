import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { getOrder, listOrders } from '../../db/orders.ts'
import { isUuid } from '../../db/search.ts'
import { createOrder } from '../../engine/create-order.ts'
import type { Engine } from '../../engine/engine.ts'
import { SluiceError } from '../../errors.ts'
import { ORDER_STATUSES } from '../../workflow/states.ts'
import { decodeCursor, pageFrom, pageOf, pageQuery, UUID } from '../pages.ts'
import { strict } from '../problems.ts'
import { listOf } from '../schemas/fields.ts'
import { createOrderSchema, orderSchema, showOrder } from '../schemas/order.ts'
import { body, BODY_PROBLEMS, json, problems } from '../schemas/responses.ts'

const tags = ['Orders']

const postRoute = createRoute({
  method: 'post',
  path: '/orders',
  tags,
  summary: 'Create an order',
  request: { body: body(createOrderSchema) },
  responses: { 201: json(orderSchema, 'The order, `pending`'), ...problems(...BODY_PROBLEMS) },
})

const listRoute = createRoute({
  method: 'get',
  path: '/orders',
  tags,
  summary: 'List orders, newest first',
  request: { query: strict({ status: listOf(ORDER_STATUSES).optional(), ...pageQuery }) },
  responses: { 200: json(pageOf(orderSchema), 'A page'), ...problems(422) },
})

const getRoute = createRoute({
  method: 'get',
  path: '/orders/{order}',
  tags,
  summary: 'One order',
  request: { params: z.object({ order: z.string().openapi({ description: 'Id of an order' }) }) },
  responses: { 200: json(orderSchema, 'The order'), ...problems(404) },
})

/** Orders: create, list, show. Their status changes by transactions of workflows only. */
export function orderRoutes(engine: Engine): OpenAPIHono {
  const app = new OpenAPIHono()
  app.openapi(postRoute, async (c) => {
    const { amount, currency, reference = null } = c.req.valid('json')
    const order = showOrder(await createOrder(engine, { amount, currency, reference }))
    return c.json(order, 201, { location: `/api/v1/orders/${order.id}` })
  })
  app.openapi(listRoute, async (c) => {
    const { status, limit, cursor } = c.req.valid('query')
    const before = decodeCursor(cursor, UUID)
    const rows = await listOrders(engine.db, { statuses: status, before, limit: limit + 1 })
    return c.json(pageFrom(rows, limit, { key: (row) => row.id, item: showOrder }), 200)
  })
  app.openapi(getRoute, async (c) => {
    const { order: id } = c.req.valid('param')
    const order = isUuid(id) ? await getOrder(engine.db, id) : null
    if (order === null) throw new SluiceError('not_found', `There is no order "${id}".`)
    return c.json(showOrder(order), 200)
  })
  return app
}
