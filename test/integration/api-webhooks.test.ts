import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { pageOf } from '../../src/api/pages.ts'
import type { RunView } from '../../src/api/schemas/run.ts'
import { newWebhookSchema, webhookSchema } from '../../src/api/schemas/webhook.ts'
import { definitionOf, type Page, type Problem } from '../support/api-shapes.ts'
import { startApi, type TestApi } from '../support/api.ts'
import { BACKENDS } from '../support/contract.ts'

type NewWebhook = z.infer<typeof newWebhookSchema>

const seconds = () => Math.floor(Date.now() / 1000)
const hmac = (secret: string, text: string | Uint8Array) => createHmac('sha256', secret).update(text).digest('hex')
const timed = (secret: string, body: string, time = seconds()) => ({
  'x-sluice-signature': `t=${time},v1=${hmac(secret, `${time}.${body}`)}`,
})

describe.each(BACKENDS)('webhooks on %s', (backend) => {
  let api: TestApi
  let webhook: NewWebhook
  beforeAll(async () => {
    api = await startApi(backend)
    await api.startWorker()
    const input_schema = { type: 'object', properties: { n: { type: 'integer' } } }
    await api.call('workflows', { body: definitionOf('hooked', { input_schema, output: '$input' }) })
    webhook = await create('hooked')
  })
  afterAll(() => api.stop())

  const create = async (workflow: string): Promise<NewWebhook> => {
    const { status, body } = await api.call<NewWebhook>(`workflows/${workflow}/webhooks`, { method: 'POST' })
    expect(status).toBe(201)
    expect(newWebhookSchema.parse(body)).toEqual(body)
    return body
  }
  const pathOf = ({ url }: { url: string }) => new URL(url).pathname
  const deliver = (body: string | Uint8Array, headers: Record<string, string>, path = pathOf(webhook)) =>
    api.call<RunView & Pick<Problem, 'type' | 'errors'>>(path, { method: 'POST', body, headers })
  const countRuns = async () => Number((await api.database.query<{ n: string }>('select count(*) n from runs'))[0]?.n)

  it('a signed delivery starts a run with the body as its input', async () => {
    const body = '{"n": 1, "text": "é"}'
    expect(webhook.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/hooks\//)
    const { status, headers, body: run } = await deliver(body, timed(webhook.secret, body))
    expect(status).toBe(202)
    expect(headers.get('location')).toBe(`/api/v1/runs/${run.id}`)
    expect(await api.ended(run.id)).toMatchObject({ status: 'completed', output: { n: 1, text: 'é' } })
    expect(run).toMatchObject({ webhook_id: webhook.id, schedule_id: null })
  })

  it('the address is also below /api/v1', async () => {
    const body = '{"n": 2}'
    const { status } = await deliver(body, timed(webhook.secret, body), `/api/v1${pathOf(webhook)}`)
    expect(status).toBe(202)
  })

  it('the same signed delivery starts one run, also when it comes twenty times at once', async () => {
    const before = await countRuns()
    const headers = timed(webhook.secret, '{"n": 3}')
    const answers = await Promise.all(Array.from({ length: 20 }, () => deliver('{"n": 3}', headers)))
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    expect(answers.map(({ status }) => status).toSorted((a, b) => b - a)).toEqual([202, ...Array<number>(19).fill(200)])
    expect(answers.filter((answer) => answer.headers.get('idempotency-replayed') === 'true')).toHaveLength(19)
    expect(await countRuns()).toBe(before + 1)
  })

  it.each(['x-hub-signature-256', 'x-signature', 'x-sluice-signature'])(
    'a signature of the body alone is accepted in %s; each such delivery starts a run',
    async (header) => {
      const headers = { [header]: `sha256=${hmac(webhook.secret, '{"n": 4}')}` }
      const [first, second] = [await deliver('{"n": 4}', headers), await deliver('{"n": 4}', headers)]
      expect([first.status, second.status]).toEqual([202, 202])
      expect(first.body.id).not.toBe(second.body.id)
    },
  )

  it('a delivery with an id starts one run', async () => {
    const headers = { 'x-signature': `sha256=${hmac(webhook.secret, '{}')}`, 'x-github-delivery': 'd-1' }
    const [first, second] = [await deliver('{}', headers), await deliver('{}', headers)]
    expect([first.status, second.status]).toEqual([202, 200])
    expect(first.body.id).toBe(second.body.id)
  })

  it.each<[string, (secret: string) => Record<string, string>]>([
    ['no signature', () => ({})],
    ['a signature that is none', () => ({ 'x-signature': 'yes' })],
    ['the signature of another body', (secret) => timed(secret, '{"n": 6}')],
    ['another secret', () => timed('another', '{"n": 5}')],
    ['a signature of six minutes ago', (secret) => timed(secret, '{"n": 5}', seconds() - 360)],
    ['a signature of six minutes ahead', (secret) => timed(secret, '{"n": 5}', seconds() + 360)],
    [
      'a time that was not signed',
      (secret) => ({
        'x-sluice-signature': `t=${seconds()},v1=${hmac(secret, `${seconds() - 360}.{"n": 5}`)}`,
      }),
    ],
  ])('%s is refused, and no run started', async (_name, headers) => {
    const before = await countRuns()
    const { status, body } = await deliver('{"n": 5}', headers(webhook.secret))
    expect(status).toBe(401)
    expect(body.type).toBe('urn:sluice:problem:unauthorized')
    expect(await countRuns()).toBe(before)
  })

  it('a signature is looked at before the body is', async () => {
    expect((await deliver('{', { 'x-signature': 'wrong' })).status).toBe(401)
    expect((await deliver('{', timed(webhook.secret, '{'))).status).toBe(400)
  })

  it('a body that does not meet the schema is refused with the place in it', async () => {
    const { status, body } = await deliver('{"n": "x"}', timed(webhook.secret, '{"n": "x"}'))
    expect(status).toBe(422)
    expect(body.errors?.map(({ path }) => path)).toEqual(['/n'])
  })

  it('a body of one MiB is read, a longer one is not', async () => {
    const body = (bytes: number) => `{"a": "${'x'.repeat(bytes - 9)}"}`
    const most = body(1024 * 1024)
    expect(Buffer.byteLength(most)).toBe(1024 * 1024)
    expect((await deliver(most, timed(webhook.secret, most))).status).toBe(202)
    const more = body(1024 * 1024 + 1)
    expect((await deliver(more, timed(webhook.secret, more))).status).toBe(413)
  })

  it('there is no webhook of a token that nobody has', async () => {
    expect((await deliver('{}', timed('s', '{}'), '/hooks/nothing')).status).toBe(404)
    expect((await deliver('{}', timed('s', '{}'), '/hooks/%00')).status).toBe(404)
  })

  it('lists show no secrets, and what is deleted is gone', async () => {
    const gone = await create('hooked')
    const list = await api.call<Page<NewWebhook>>('workflows/hooked/webhooks')
    expect(pageOf(webhookSchema).parse(list.body)).toEqual(list.body)
    expect(list.body.items.map(({ id }) => id)).toEqual([gone.id, webhook.id])
    const path = `workflows/hooked/webhooks/${gone.id}`
    expect((await api.call(path, { method: 'DELETE' })).status).toBe(204)
    expect((await api.call(path, { method: 'DELETE' })).status).toBe(404)
    expect((await deliver('{}', timed(gone.secret, '{}'), pathOf(gone))).status).toBe(404)
    const snapshot = JSON.stringify((await api.call('db/snapshot')).body)
    expect(snapshot).toContain(webhook.id)
    expect(snapshot).not.toContain(webhook.secret)
    expect(snapshot).not.toContain(pathOf(webhook).split('/').at(-1))
  })

  it('an archived workflow is not started, and gets no webhooks', async () => {
    await api.call('workflows', { body: definitionOf('retired') })
    const retired = await create('retired')
    await api.call('workflows/retired', { method: 'DELETE' })
    expect((await deliver('{}', timed(retired.secret, '{}'), pathOf(retired))).status).toBe(409)
    expect((await api.call('workflows/retired/webhooks', { method: 'POST' })).status).toBe(409)
  })

  it('the trigger’s input fills in what the body lacks', async () => {
    const triggers = [{ type: 'webhook', input: { a: 1, b: 1 } }]
    await api.call('workflows', { body: definitionOf('filled', { triggers }) })
    const [row] = (await api.call<Page<NewWebhook>>('workflows/filled/webhooks')).body.items
    const path = `workflows/filled/webhooks/${row?.id}/secret`
    const { body: filled } = await api.call<NewWebhook>(path, { method: 'POST' })
    const { body: run } = await deliver('{"b": 2}', timed(filled.secret, '{"b": 2}'), pathOf(filled))
    expect(run.input).toEqual({ a: 1, b: 2 })
    const { body: empty } = await deliver('', timed(filled.secret, ''), pathOf(filled))
    expect(empty.input).toEqual({ a: 1, b: 1 })
  })
})
