import { afterAll, beforeAll, expect, test } from 'vitest'
import type { z } from 'zod'
import type { workflowStatsSchema } from '../../src/api/schemas/workflow-stats.ts'
import { definitionOf, type Problem } from '../support/api-shapes.ts'
import { startApi, type TestApi } from '../support/api.ts'

interface Answer {
  items: z.infer<typeof workflowStatsSchema>[]
}

let api: TestApi
beforeAll(async () => {
  api = await startApi()
  await api.startWorker()
})
afterAll(() => api.stop())

const workflow = async (definition: Record<string, unknown>): Promise<string> =>
  (await api.call<{ id: string }>('workflows', { body: definition })).body.id

test('statistics of workflows come in the order asked, over their newest runs', async () => {
  const idle = await workflow(definitionOf('idle'))
  const mixed = await workflow(
    definitionOf('mixed', { steps: [{ id: 'a', type: 'transform', config: { output: '$input.n' } }] }),
  )
  const started: string[] = []
  for (const input of [{ n: 1 }, {}, { n: 2 }, { n: 3 }]) {
    const { body } = await api.call<{ id: string }>(`workflows/${mixed}/runs`, { body: { input } })
    started.push(body.id)
    await api.ended(body.id)
  }
  const { status, body } = await api.call<Answer>(`stats/workflows?workflow=${idle},${mixed}`)
  expect(status).toBe(200)
  expect(body.items).toMatchObject([
    { workflow_id: idle, recent: [], finished: 0, success_rate: null, p50_ms: null, p95_ms: null },
    { workflow_id: mixed, finished: 4, success_rate: 0.75 },
  ])
  const recent = body.items[1]!.recent
  expect(recent.map((run) => [run.id, run.status])).toEqual(
    started.map((id, index) => [id, index === 1 ? 'failed' : 'completed']),
  )
  expect(recent[0]!.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  expect(body.items[1]!.p50_ms).toBeLessThanOrEqual(body.items[1]!.p95_ms!)
})

test('a run that was cancelled is no failure', async () => {
  const id = await workflow(
    definitionOf('stopped', { steps: [{ id: 'a', type: 'wait_event', config: { event: 'x' } }] }),
  )
  const { body: run } = await api.call<{ id: string }>(`workflows/${id}/runs`, { body: {} })
  await api.call(`runs/${run.id}/cancel`, { body: {} })
  await api.ended(run.id)
  const { body } = await api.call<Answer>(`stats/workflows?workflow=${id}`)
  expect(body.items).toMatchObject([{ finished: 1, success_rate: null }])
})

test('what is no id is told', async () => {
  const { status, body } = await api.call<Problem>('stats/workflows?workflow=mixed')
  expect([status, body.errors?.[0]?.path]).toEqual([422, '/workflow/0'])
})
