import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import type { historySchema } from '../../src/api/schemas/history.ts'
import type { busyWorkerSchema } from '../../src/api/schemas/worker.ts'
import { definitionOf, type Problem } from '../support/api-shapes.ts'
import { startApi, type TestApi } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'

type History = z.infer<typeof historySchema>

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.stop())

const start = async (name: string, config: Record<string, unknown> = {}) => {
  const steps = [{ id: 'a', config: { duration_seconds: 0, ...config } }]
  return (await api.call<{ id: string }>('runs', { body: { definition: definitionOf(name, { steps }) } })).body.id
}

describe('without a worker', () => {
  it('there is no worker, and nothing has ended', async () => {
    expect((await api.call('workers')).body).toEqual({ items: [], is_complete: true })
    const { body } = await api.call<History>('stats/history?range=6h')
    expect(body).toMatchObject({
      bucket_seconds: 300,
      ended: 0,
      p95_ms: null,
      is_complete: true,
      slowest: [],
      most_failing: [],
    })
    expect(body.buckets).toHaveLength(72)
    expect(Date.parse(body.to) - Date.parse(body.from)).toBe(6 * 3_600_000)
  })

  it('a range that there is not is refused', async () => {
    const { status, body } = await api.call<Problem>('stats/history?range=1y')
    expect([status, body.errors?.[0]?.path]).toEqual([422, '/range'])
  })
})

describe('with a worker', () => {
  beforeAll(() => api.startWorker())

  it('a worker says which steps it executes', async () => {
    const runId = await start('long', { duration_seconds: 20 })
    const items = await eventually(async () => {
      const { body } = await api.call<{ items: z.infer<typeof busyWorkerSchema>[] }>('workers')
      return body.items.some(({ running }) => running.length > 0) && body.items
    })
    expect(items).toMatchObject([
      { pid: process.pid, running: [{ run_id: runId, workflow_name: 'long', step_id: 'a', attempt: 1 }] },
    ])
    await api.call(`runs/${runId}/cancel`, { method: 'POST' })
    await api.ended(runId)
  })

  it('history counts what began and how it ended, and ranks workflows', async () => {
    const quick = await start('quick')
    const slow = await start('slow', { duration_seconds: 0.3 })
    const broken = await Promise.all([1, 2].map(() => start('broken', { fail_probability: 1, max_retries: 0 })))
    await Promise.all([quick, slow, ...broken].map((id) => api.ended(id)))
    const history = await eventually(async () => {
      const { body } = await api.call<History>('stats/history?range=1h')
      return body.ended === 5 && body
    })
    const sum = (count: (bucket: History['buckets'][number]) => number) =>
      history.buckets.reduce((total, bucket) => total + count(bucket), 0)
    expect([
      sum(({ started }) => started),
      sum(({ completed }) => completed),
      sum(({ failed }) => failed),
      sum(({ cancelled }) => cancelled),
    ]).toEqual([5, 2, 2, 1])
    expect(history.most_failing).toMatchObject([{ name: 'broken', runs: 2, failed: 2, p95_ms: null }])
    expect(history.slowest.map(({ name }) => name)).toEqual(['slow', 'quick'])
    expect(history.slowest[0]?.p95_ms).toBeGreaterThanOrEqual(300)
    expect(history.p95_ms).toBe(history.slowest[0]?.p95_ms)
    expect(Math.max(...history.buckets.map(({ p95_ms }) => p95_ms ?? 0))).toBe(history.p95_ms)
  })
})
