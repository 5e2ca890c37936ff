import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunView } from '../../src/api/schemas/run.ts'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import { LIMITS } from '../../src/workflow/limits.ts'
import type { Problem } from '../support/api-shapes.ts'
import { startApi, type TestApi } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'

/** What docs/limits.md says of the waiting steps and the controls: the last that is taken, and the first that is not. */
let api: TestApi
beforeAll(async () => {
  api = await startApi('redis')
  await api.startWorker()
})
afterAll(() => api.stop())

const list = (length: number) => Array.from({ length }, (_, index) => index)
const text = (length: number) => 'x'.repeat(length)
const start = async (definition: DefinitionInput, input: unknown = {}): Promise<RunView> => {
  const { status, body } = await api.call<RunView>('runs', { body: { definition, input } })
  expect([status, body]).toMatchObject([202, { id: expect.any(String) as string }])
  return body
}
const waits = async ({ id }: RunView): Promise<RunView> =>
  eventually(async () => {
    const { body } = await api.call<RunView>(`runs/${id}`)
    return body.steps[0]?.waiting_for !== null && body
  })
const post = (path: string, body: unknown) => api.call<Problem & { matched: number }>(path, { method: 'POST', body })

describe('a definition', () => {
  const isValid = async (parts: object): Promise<boolean> => {
    const { body } = await api.call<{ valid: boolean }>('workflows/validate', {
      body: { name: 'edge', steps: [{ id: 'a' }], ...parts },
    })
    return body.valid
  }
  const step = (type: string, config: object) => ({ steps: [{ id: 'a', type, config }] })

  it.each<[string, number, (size: number) => object]>([
    ['retries of a step', LIMITS.retries, (size) => step('task', { max_retries: size })],
    ['items of a map', LIMITS.mapItems, (size) => step('map', { items: list(size), step: {} })],
    ['items at once', LIMITS.mapItems, (size) => step('map', { items: '$input.items', step: {}, concurrency: size })],
    ['approvers', 100, (size) => step('approval', { approvers: list(size).map(String) })],
    ['bytes of an answer', LIMITS.outputBytes, (size) => step('http', { url: 'http://a', max_response_bytes: size })],
    ['characters of an event’s name', 128, (size) => step('wait_event', { event: text(size) })],
    ['seconds', 10 * 365 * 24 * 3600, (size) => step('wait', { seconds: size })],
    ['characters of its name', 128, (size) => ({ name: text(size) })],
    ['characters of its description', 10_000, (size) => ({ description: text(size) })],
    ['characters of an id', 64, (size) => ({ steps: [{ id: text(size) }] })],
    ['characters of a queue', 64, (size) => ({ steps: [{ id: 'a', queue: text(size) }] })],
    ['times the delay', 100, (size) => ({ steps: [{ id: 'a', retry: { factor: size } }] })],
    ['slots', 1_000_000, (size) => ({ concurrency: { limit: size } })],
    ['triggers', 100, (size) => ({ triggers: list(size).map(() => ({ type: 'webhook' })) })],
  ])('may have so many %s: %i', async (_what, most, parts) => {
    expect([await isValid(parts(most)), await isValid(parts(most + 1))]).toEqual([true, false])
  })
})

describe('a run', () => {
  it(`has maps of ${LIMITS.mapItems} items; a step with more fails`, { timeout: 120_000 }, async () => {
    const map = (count: number) =>
      start(
        {
          name: 'items',
          steps: [{ id: 'm', type: 'map', config: { items: '$input', step: { type: 'approval' }, concurrency: 1 } }],
        },
        list(count),
      )
    const most = await waits(await map(LIMITS.mapItems))
    expect(most.steps[0]?.items).toMatchObject({ total: LIMITS.mapItems })
    expect((await post(`runs/${most.id}/cancel`, {})).status).toBe(202)
    const more = await api.ended((await map(LIMITS.mapItems + 1)).id)
    expect(more).toMatchObject({ status: 'failed', error: { code: 'limit_exceeded' } })
  })

  it(`takes ${LIMITS.eventsPerRun} events`, async () => {
    const { id } = await waits(
      await start({ name: 'events', steps: [{ id: 'a', type: 'wait_event', config: { event: 'go' } }] }),
    )
    await api.database.query(
      `insert into events (id, run_id, name) select gen_random_uuid(), $1, 'other' from generate_series(2, $2::int)`,
      [id, LIMITS.eventsPerRun],
    )
    expect((await post(`runs/${id}/events`, { name: text(129) })).status).toBe(422)
    expect((await post(`runs/${id}/events`, { name: text(128) })).status).toBe(202)
    expect((await post(`runs/${id}/events`, { name: 'go' })).status).toBe(409)
  })

  it(`has ${LIMITS.workflowDepth} runs above it at most`, async () => {
    const below = (depth: number): DefinitionInput['steps'] =>
      depth === 0
        ? [{ id: 'end', type: 'transform', config: { output: 'there' } }]
        : [{ id: 'c', type: 'workflow', config: { workflow: `depth-${depth - 1}` } }]
    for (const depth of list(LIMITS.workflowDepth)) {
      const body = { name: `depth-${depth}`, steps: below(depth), output: depth === 0 ? '$end' : '$c' }
      expect((await api.call('workflows', { body })).status).toBe(201)
    }
    const deepest = async (depth: number) =>
      api.ended((await start({ name: `depth-${depth}`, steps: below(depth), output: '$c' })).id, { timeoutMs: 80_000 })
    expect(await deepest(LIMITS.workflowDepth)).toMatchObject({ status: 'completed', output: 'there' })
    const failed = await deepest(LIMITS.workflowDepth + 1)
    expect(failed.status).toBe('failed')
    expect(failed.error?.message).toContain(`more than the limit of ${LIMITS.workflowDepth}`)
  })
})

it('a decision has data as large as an output, a name of 200 characters and a comment of 10,000', async () => {
  const { id } = await waits(await start({ name: 'decision', steps: [{ id: 'a', type: 'approval' }] }))
  const path = `runs/${id}/steps/a/approve`
  const data = text(LIMITS.outputBytes - 2)
  expect((await post(path, { data: `${data}x` })).body).toMatchObject({ status: 422, errors: [{ path: '/data' }] })
  expect((await post(path, { by: text(201) })).status).toBe(422)
  expect((await post(path, { comment: text(10_001) })).status).toBe(422)
  expect((await post(path, { by: text(200), comment: text(10_000), data })).status).toBe(200)
})

it(`a batch starts ${LIMITS.batchRuns} runs`, async () => {
  await api.call('workflows', { body: { name: 'batch', steps: [{ id: 'a' }] } })
  const later = new Date(Date.now() + 3_600_000).toISOString()
  const runs = (count: number) => ({ runs: list(count).map(() => ({ start_at: later })) })
  expect((await post('workflows/batch/runs/batch', runs(LIMITS.batchRuns))).status).toBe(202)
  expect((await post('workflows/batch/runs/batch', runs(LIMITS.batchRuns + 1))).status).toBe(422)
})

it(`a batch has ${LIMITS.batchSteps} steps, all its runs together`, { timeout: 120_000 }, async () => {
  const steps = list(LIMITS.steps).map((index) => ({ id: `s${index}`, type: 'parallel' }))
  expect((await api.call('workflows', { body: { name: 'wide', steps } })).status).toBe(201)
  const later = new Date(Date.now() + 3_600_000).toISOString()
  const most = LIMITS.batchSteps / LIMITS.steps
  const batch = (count: number) =>
    post('workflows/wide/runs/batch', { runs: list(count).map(() => ({ start_at: later })) })
  const refused = await batch(most + 1)
  expect(refused.body).toMatchObject({ status: 422, errors: [{ path: '/runs', code: 'limit_exceeded' }] })
  expect(refused.body.detail).toContain(`send at most ${most} runs`)
  expect((await batch(most)).status).toBe(202)
})

it(`a bulk control sees to ${LIMITS.bulkRuns} runs`, async () => {
  const { id } = await start({ name: 'bulk', steps: [{ id: 'a', type: 'transform', config: { output: 1 } }] })
  await api.ended(id)
  await api.database.query(
    `insert into runs (id, workflow_id, version_id, status, steps_total, completed_at, tags)
     select gen_random_uuid(), workflow_id, version_id, 'failed', 1, now(), '{bulk}' from runs, generate_series(0, $2::int)
     where id = $1`,
    [id, LIMITS.bulkRuns],
  )
  const { body } = await post('runs/bulk', { action: 'retry', filter: { tag: 'bulk' }, dry_run: true })
  expect(body.matched).toBe(LIMITS.bulkRuns)
})
