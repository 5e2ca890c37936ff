import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { findWebhook, listWebhooks } from '../../db/webhooks.ts'
import { isUuid } from '../../db/search.ts'
import type { Engine } from '../../engine/engine.ts'
import { refuseArchived } from '../../engine/register.ts'
import { createWebhook, removeWebhook, renewSecret, startDelivered } from '../../engine/webhooks.ts'
import { verifyDelivery } from '../../engine/webhook-signature.ts'
import { SluiceError } from '../../errors.ts'
import { LIMITS } from '../../workflow/limits.ts'
import { jsonText, readBytes } from '../body.ts'
import { refuseInvalid } from '../error-handler.ts'
import { decodeCursor, pageFrom, pageOf, pageQuery, UUID } from '../pages.ts'
import { payload } from '../payload.ts'
import { strict } from '../problems.ts'
import { json, problems } from '../schemas/responses.ts'
import { runSchema } from '../schemas/run.ts'
import { newWebhookSchema, showWebhook, webhookSchema } from '../schemas/webhook.ts'
import { showStarted } from '../start-run.ts'
import { requireRunnable, requireWorkflow } from '../workflow-lookup.ts'
import { headersOf } from './start.ts'
import { workflowParams } from './workflows.ts'

const tags = ['Webhooks']
const webhookParams = workflowParams.extend({ webhook: z.string().openapi({ description: 'Id of a webhook' }) })
/** What `randomBytes` makes of tokens; anything else need not be looked up. */
const TOKEN = /^[\w-]{1,100}$/

const postRoute = createRoute({
  method: 'post',
  path: '/workflows/{workflow}/webhooks',
  tags,
  summary: 'Make an address that starts runs of a workflow',
  request: { params: workflowParams },
  responses: { 201: json(newWebhookSchema, 'The webhook; its secret is shown only now'), ...problems(404, 409) },
})

const listRoute = createRoute({
  method: 'get',
  path: '/workflows/{workflow}/webhooks',
  tags,
  summary: 'List the webhooks of a workflow, newest first',
  request: { params: workflowParams, query: strict(pageQuery) },
  responses: { 200: json(pageOf(webhookSchema), 'A page'), ...problems(404, 422) },
})

const secretRoute = createRoute({
  method: 'post',
  path: '/workflows/{workflow}/webhooks/{webhook}/secret',
  tags,
  summary: 'Give a webhook a new secret',
  description: 'The old one is of no use from then on. So one learns the secret of a webhook that a definition makes.',
  request: { params: webhookParams },
  responses: { 200: json(newWebhookSchema, 'The webhook; its secret is shown only now'), ...problems(404) },
})

const deleteRoute = createRoute({
  method: 'delete',
  path: '/workflows/{workflow}/webhooks/{webhook}',
  tags,
  summary: 'Delete a webhook: its address is unknown from then on',
  request: { params: webhookParams },
  responses: { 204: { description: 'Deleted' }, ...problems(404, 409) },
})

const deliveryRoute = createRoute({
  method: 'post',
  path: '/hooks/{token}',
  tags,
  summary: 'Start a run with the body as its input',
  description:
    'Signed with the secret by HMAC-SHA256: `X-Sluice-Signature: t=<unix seconds>,v1=<hex of "<t>.<body>">`, good for five ' +
    'minutes and one run; or `X-Hub-Signature-256` or `X-Signature: sha256=<hex of the body>`.',
  request: {
    params: z.object({ token: z.string() }),
    headers: z.object({ 'x-sluice-signature': z.string().optional() }),
    body: { content: { 'application/json': { schema: payload } } },
  },
  responses: {
    200: json(runSchema, 'The run that the same delivery started before (`Idempotency-Replayed: true`)'),
    202: json(runSchema, 'The run; `Location` tells where it can be watched'),
    ...problems(400, 401, 404, 409, 413, 422),
  },
})

/** Webhooks of workflows: make, list, renew the secret, delete. */
export function webhookRoutes(engine: Engine): OpenAPIHono {
  const app = new OpenAPIHono()
  app.openapi(postRoute, async (c) => {
    const workflow = await requireWorkflow(engine, c.req.valid('param').workflow)
    refuseArchived(workflow)
    const webhook = await createWebhook(engine, workflow)
    return c.json({ ...showWebhook(webhook, originOf(c.req.url)), secret: webhook.secret }, 201)
  })
  app.openapi(listRoute, async (c) => {
    const { id } = await requireWorkflow(engine, c.req.valid('param').workflow)
    const { limit, cursor } = c.req.valid('query')
    const rows = await listWebhooks(engine.db, id, { before: decodeCursor(cursor, UUID), limit: limit + 1 })
    const origin = originOf(c.req.url)
    return c.json(pageFrom(rows, limit, { key: (row) => row.id, item: (row) => showWebhook(row, origin) }), 200)
  })
  app.openapi(secretRoute, async (c) => {
    const { workflow, webhook: id } = c.req.valid('param')
    const webhook = await renewSecret(engine, await requireWorkflow(engine, workflow), webhookId(id))
    return c.json({ ...showWebhook(webhook, originOf(c.req.url)), secret: webhook.secret }, 200)
  })
  app.openapi(deleteRoute, async (c) => {
    const { workflow, webhook: id } = c.req.valid('param')
    await removeWebhook(engine, await requireWorkflow(engine, workflow), webhookId(id))
    return c.body(null, 204)
  })
  return app
}

/** Deliveries. They need the bytes of the body, so these routes stand before what reads bodies as JSON or YAML. */
export function deliveryRoutes(engine: Engine): OpenAPIHono {
  const app = new OpenAPIHono()
  app.openAPIRegistry.registerPath(deliveryRoute)
  app.post('/hooks/:token', async (c) => {
    const bytes = await readBytes(c.req.raw, LIMITS.webhookBodyBytes)
    const token = c.req.param('token')
    const found = TOKEN.test(token) ? await findWebhook(engine.db, token) : null
    if (found === null) throw new SluiceError('not_found', 'There is no such webhook.')
    const { webhook, workflow } = found
    const key = verifyDelivery(webhook, { header: (name) => c.req.header(name), body: bytes }, Date.now())
    const body = bytes.length === 0 ? undefined : payload.safeParse(JSON.parse(jsonText(bytes)))
    if (body !== undefined) refuseInvalid(body)
    const version = await requireRunnable(engine, workflow.id, key)
    const started = await showStarted(
      engine,
      version,
      await startDelivered(engine, webhook, version.id, body?.data, key),
    )
    return c.json(started.run, started.replayed ? 200 : 202, headersOf(started))
  })
  return app
}

const originOf = (url: string) => new URL(url).origin

function webhookId(id: string): string {
  if (!isUuid(id)) throw new SluiceError('not_found', `There is no webhook "${id}".`)
  return id
}
