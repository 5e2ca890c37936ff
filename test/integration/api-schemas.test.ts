import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { pageOf } from '../../src/api/pages.ts'
import { actionSchema } from '../../src/api/schemas/action.ts'
import { historySchema } from '../../src/api/schemas/history.ts'
import { logLineSchema } from '../../src/api/schemas/log-line.ts'
import { orderSchema } from '../../src/api/schemas/order.ts'
import { runEntrySchema, runSchema } from '../../src/api/schemas/run.ts'
import { statsSchema } from '../../src/api/schemas/stats.ts'
import { stepDetailSchema } from '../../src/api/schemas/step.ts'
import { busyWorkerSchema } from '../../src/api/schemas/worker.ts'
import { versionEntrySchema, workflowDetailSchema, workflowEntrySchema } from '../../src/api/schemas/workflow.ts'
import { definitionOf } from '../support/api-shapes.ts'
import { startApi, type TestApi } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'

let api: TestApi
let runId: string
let orderId: string

/** One run with all that a run can show: an order, logs, a failed attempt, a skipped step. */
beforeAll(async () => {
  api = await startApi()
  await api.startWorker()
  orderId = (await api.call<{ id: string }>('orders', { body: { amount: 1, reference: 'R' } })).body.id
  const steps = [
    { id: 'validate', type: 'validate_order' },
    { id: 'fails', config: { fail_probability: 1, duration_seconds: 0, max_retries: 1 }, retry: { delay_seconds: 0 } },
    { id: 'after', depends_on: ['validate', 'fails'], input: '$validate' },
  ]
  const body = { definition: definitionOf('shown', { steps }), order_id: orderId, tags: ['t'], context: { a: [1] } }
  runId = (await api.call<{ id: string }>('runs', { body })).body.id
  await eventually(async () => (await api.call<{ status: string }>(`runs/${runId}`)).body.status === 'failed')
})
afterAll(() => api.stop())

it.each<[string, () => string, z.ZodType]>([
  ['a run', () => `runs/${runId}`, runSchema],
  ['runs', () => 'runs', pageOf(runEntrySchema)],
  ['a step that failed', () => `runs/${runId}/steps/fails`, stepDetailSchema],
  ['a step that completed', () => `runs/${runId}/steps/validate`, stepDetailSchema],
  ['a step that was skipped', () => `runs/${runId}/steps/after`, stepDetailSchema],
  ['log lines', () => `runs/${runId}/logs`, pageOf(logLineSchema)],
  ['a workflow', () => 'workflows/shown', workflowDetailSchema],
  ['workflows', () => 'workflows', pageOf(workflowEntrySchema)],
  ['versions', () => 'workflows/shown/versions', pageOf(versionEntrySchema)],
  ['an order', () => `orders/${orderId}`, orderSchema],
  ['orders', () => 'orders', pageOf(orderSchema)],
  ['actions', () => 'actions', pageOf(actionSchema)],
  ['stats', () => 'stats', statsSchema],
  ['history', () => 'stats/history', historySchema],
  ['workers', () => 'workers', z.object({ items: z.array(busyWorkerSchema), is_complete: z.boolean() })],
])('%s: the answer is what the OpenAPI document says, nothing less and nothing more', async (_name, path, schema) => {
  const { status, body } = await api.call(path())
  expect(status).toBe(200)
  // Parsing leaves out what the schema does not name.
  expect(schema.parse(body)).toEqual(body)
})
