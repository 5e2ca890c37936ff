import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import type { scheduleSchema } from '../../src/api/schemas/schedule.ts'
import type { newWebhookSchema, webhookSchema } from '../../src/api/schemas/webhook.ts'
import { PACKAGE_ROOT } from '../../src/package-root.ts'
import { definitionOf, type Page } from '../support/api-shapes.ts'
import { startApi, type TestApi } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'

type Schedule = z.infer<typeof scheduleSchema>
type Webhook = z.infer<typeof webhookSchema>

let api: TestApi
beforeAll(async () => {
  api = await startApi()
  await api.startWorker()
})
afterAll(() => api.stop())

const store = async (name: string, triggers: unknown[]) => {
  const { status } = await api.call('workflows', { body: definitionOf(name, { triggers }) })
  expect([200, 201]).toContain(status)
}
const schedulesOf = async (name: string) =>
  (await api.call<Page<Schedule>>(`schedules?workflow=${name}`)).body.items.toSorted(
    (a, b) => (a.trigger_index ?? -1) - (b.trigger_index ?? -1),
  )
const webhooksOf = async (name: string) =>
  (await api.call<Page<Webhook>>(`workflows/${name}/webhooks`)).body.items.toSorted(
    (a, b) => (a.trigger_index ?? -1) - (b.trigger_index ?? -1),
  )
const daily = { type: 'cron', cron: '0 9 * * *' }
const weekly = { type: 'cron', cron: '0 9 * * MON', timezone: 'Asia/Tokyo', input: { weekly: true }, overlap: 'allow' }
const hook = { type: 'webhook' }

describe('triggers of a definition', () => {
  it('become schedules and webhooks with the first version', async () => {
    await store('first', [daily, hook, weekly])
    expect(await schedulesOf('first')).toMatchObject([
      { cron: '0 9 * * *', timezone: 'UTC', input: {}, overlap: 'skip', paused: false, trigger_index: 0 },
      { cron: '0 9 * * MON', timezone: 'Asia/Tokyo', input: { weekly: true }, overlap: 'allow', trigger_index: 2 },
    ])
    expect(await webhooksOf('first')).toMatchObject([{ trigger_index: 1 }])
  })

  it('a new version changes, adds and removes them; webhooks keep their addresses', async () => {
    await store('changing', [hook, daily, hook])
    const before = { schedules: await schedulesOf('changing'), webhooks: await webhooksOf('changing') }
    await store('changing', [weekly, daily, hook, hook, hook])
    const schedules = await schedulesOf('changing')
    expect(schedules.map(({ cron, trigger_index }) => [trigger_index, cron])).toEqual([
      [0, weekly.cron],
      [1, daily.cron],
    ])
    expect(schedules[0]?.id).toBe(before.schedules[0]?.id)
    const webhooks = await webhooksOf('changing')
    expect(webhooks.map(({ trigger_index }) => trigger_index)).toEqual([2, 3, 4])
    expect(webhooks.slice(0, 2).map(({ url }) => url)).toEqual(before.webhooks.map(({ url }) => url))
    await store('changing', [])
    expect(await schedulesOf('changing')).toEqual([])
    expect(await webhooksOf('changing')).toEqual([])
  })

  it('what the API made stays, whatever the versions say', async () => {
    await store('mixed', [daily])
    const { body: own } = await api.call<Schedule>('schedules', { body: { workflow: 'mixed', cron: '5 5 5 5 *' } })
    const { body: ownHook } = await api.call<Webhook>('workflows/mixed/webhooks', { method: 'POST' })
    await store('mixed', [])
    expect((await schedulesOf('mixed')).map(({ id }) => id)).toEqual([own.id])
    expect((await webhooksOf('mixed')).map(({ id }) => id)).toEqual([ownHook.id])
  })

  it('can be paused by the API, which lasts over versions that do not say otherwise; the rest is the definition’s', async () => {
    await store('owned', [daily, hook])
    const [schedule] = await schedulesOf('owned')
    const path = `schedules/${schedule?.id}`
    expect((await api.call(path, { method: 'PATCH', body: { cron: '1 1 1 1 *' } })).status).toBe(409)
    expect((await api.call(path, { method: 'DELETE' })).status).toBe(409)
    const [webhook] = await webhooksOf('owned')
    expect((await api.call(`workflows/owned/webhooks/${webhook?.id}`, { method: 'DELETE' })).status).toBe(409)
    expect((await api.call(path, { method: 'PATCH', body: { paused: true } })).status).toBe(200)
    await store('owned', [weekly, hook])
    expect(await schedulesOf('owned')).toMatchObject([{ cron: weekly.cron, paused: true }])
    await store('owned', [{ ...weekly, paused: false }, hook])
    expect(await schedulesOf('owned')).toMatchObject([{ paused: false }])
  })

  it('a run of a due trigger is one of the latest version, with the trigger’s input', async () => {
    await store('due', [daily])
    await store('due', [weekly])
    await api.database.query(
      `update schedules s set next_run_at = now() from workflows w where w.id = s.workflow_id and w.name = 'due'`,
    )
    const runId = await eventually(async () => (await schedulesOf('due'))[0]?.last_run_id ?? false)
    const { body: run } = await api.call(`runs/${runId}`)
    const [schedule] = await schedulesOf('due')
    expect(run).toMatchObject({
      workflow_version: 2,
      input: { weekly: true },
      schedule_id: schedule?.id,
      webhook_id: null,
    })
  })

  it('the secret of a webhook is had by renewing it', async () => {
    await store('secretive', [hook])
    const [webhook] = await webhooksOf('secretive')
    const path = `workflows/secretive/webhooks/${webhook?.id}/secret`
    const first = await api.call<z.infer<typeof newWebhookSchema>>(path, { method: 'POST' })
    const second = await api.call<z.infer<typeof newWebhookSchema>>(path, { method: 'POST' })
    expect(first).toMatchObject({ status: 200, body: { id: webhook?.id, url: webhook?.url } })
    expect(second.body.secret).not.toBe(first.body.secret)
  })
})

describe('the examples', () => {
  const storeExample = async (name: string) => {
    const body = await readFile(join(PACKAGE_ROOT, 'examples', `${name}.json`), 'utf8')
    expect((await api.call('workflows', { body })).status).toBe(201)
  }

  it('nightly-report runs when its time has come', async () => {
    await storeExample('nightly-report')
    const [schedule] = await schedulesOf('nightly-report')
    await api.database.query('update schedules set next_run_at = now() where id = $1', [schedule?.id])
    const runId = await eventually(async () => (await schedulesOf('nightly-report'))[0]?.last_run_id ?? false)
    expect(await api.ended(runId)).toMatchObject({ status: 'completed', output: { title: 'Report for region all' } })
  })

  it('incoming-event runs when a delivery comes', async () => {
    await storeExample('incoming-event')
    const [{ id } = { id: '' }] = await webhooksOf('incoming-event')
    const path = `workflows/incoming-event/webhooks/${id}/secret`
    const { url, secret } = (await api.call<z.infer<typeof newWebhookSchema>>(path, { method: 'POST' })).body
    const body = '{"event": "push"}'
    const signature = createHmac('sha256', secret).update(body).digest('hex')
    const headers = { 'x-hub-signature-256': `sha256=${signature}` }
    const answer = await api.call<{ id: string }>(new URL(url).pathname, { body, headers })
    expect(answer.status).toBe(202)
    expect(await api.ended(answer.body.id)).toMatchObject({ output: { handled: 'push', from: 'unknown' } })
  })
})
