import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import type { logLineSchema } from '../../src/api/schemas/log-line.ts'
import type { runEntrySchema, RunView } from '../../src/api/schemas/run.ts'
import type { StepDetailView } from '../../src/api/schemas/step.ts'
import { definitionOf, type Page, type Problem } from '../support/api-shapes.ts'
import { startApi, type TestApi } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'

type RunEntry = z.infer<typeof runEntrySchema>
type LogLine = z.infer<typeof logLineSchema>

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.stop())

/** Starts a run of a new workflow. */
async function start(definition: Record<string, unknown>, request: Record<string, unknown> = {}): Promise<RunView> {
  const { status, body } = await api.call<RunView>('runs', { body: { definition, ...request } })
  expect(status).toBe(202)
  return body
}

const finished = (id: string) =>
  eventually(async () => {
    const { body } = await api.call<RunView>(`runs/${id}`)
    return ['completed', 'failed', 'cancelled'].includes(body.status) ? body : false
  })

describe('lists of runs', () => {
  const ids = async (query: string) => (await api.call<Page<RunEntry>>(`runs?${query}`)).body.items.map(({ id }) => id)
  const set = (id: string, assignment: string) =>
    api.database.query(`update runs set ${assignment} where id = $1`, [id])
  const ended = (status: string, counts = '1, 0, 0') =>
    `status = '${status}', completed_at = now(), (steps_completed, steps_failed, steps_skipped) = (${counts})`
  let runs: RunView[]

  beforeAll(async () => {
    const names = ['alpha', 'alpha', 'alpha', 'beta-one', 'beta-two']
    runs = []
    for (const [index, name] of names.entries()) {
      runs.push(await start(definitionOf(name, { steps: [{ id: 'a' }, { id: 'b' }] }), { tags: [`t${index % 2}`] }))
    }
    await set(idOf(0), ended('completed', '2, 0, 0'))
    await set(idOf(1), ended('failed', '0, 1, 1'))
    await set(idOf(2), `status = 'running'`)
    await api.database.query(
      `update steps set status = 'completed', completed_at = now() where run_id = $1 and step_index = 0`,
      [idOf(2)],
    )
  })

  const idOf = (index: number) => runs[index]?.id ?? ''
  const some = (...indexes: number[]) => indexes.map(idOf)

  it('runs come newest first, without payloads and steps', async () => {
    const { body } = await api.call<Page<RunEntry>>('runs')
    expect(body.items.map(({ id }) => id)).toEqual(some(4, 3, 2, 1, 0))
    expect(body.items[0]).toMatchObject({ workflow_name: 'beta-two', workflow_version: 1, status: 'queued' })
    for (const key of ['input', 'output', 'context', 'steps']) expect(body.items[0]).not.toHaveProperty(key)
  })

  it('progress is counted while a run lasts, and stored when it ends', async () => {
    const { body } = await api.call<Page<RunEntry>>('runs?workflow=alpha')
    expect(body.items.map(({ progress }) => progress)).toEqual([
      { total: 2, completed: 1, failed: 0, skipped: 0 },
      { total: 2, completed: 0, failed: 1, skipped: 1 },
      { total: 2, completed: 2, failed: 0, skipped: 0 },
    ])
  })

  it('pages neither repeat nor leave out a run, also when new ones come between', async () => {
    const page = async (cursor: string | null) =>
      (await api.call<Page<RunEntry>>(`runs?limit=2${cursor === null ? '' : `&cursor=${cursor}`}`)).body
    const first = await page(null)
    const extra = (await start(definitionOf('newcomer'))).id
    const second = await page(first.next_cursor)
    const third = await page(second.next_cursor)
    expect(third.next_cursor).toBeNull()
    const seen = [first, second, third].flatMap(({ items }) => items.map(({ id }) => id))
    expect(seen).toEqual(some(4, 3, 2, 1, 0))
    await api.database.query('delete from runs where id = $1', [extra])
  })

  it('status takes one, a list, or several', async () => {
    expect(await ids('status=running')).toEqual(some(2))
    expect(await ids('status=completed,failed')).toEqual(some(1, 0))
    expect(await ids('status=failed&status=running')).toEqual(some(2, 1))
  })

  it('workflow takes an id or a name', async () => {
    expect(await ids('workflow=beta-one')).toEqual(some(3))
    expect(await ids(`workflow=${runs[0]?.workflow_id}`)).toEqual(some(2, 1, 0))
    expect(await ids('workflow=nothing')).toEqual([])
    expect(await ids('workflow=alpha&status=failed&tag=t1')).toEqual(some(1))
  })

  it('tag takes a whole tag', async () => {
    expect(await ids('tag=t1')).toEqual(some(3, 1))
    expect(await ids('tag=t')).toEqual([])
  })

  it('search finds by the beginning of the id, part of the name, and tag', async () => {
    expect(await ids(`search=${idOf(1)}`)).toEqual(some(1))
    expect(await ids(`search=${idOf(1).slice(0, 30).toUpperCase()}`)).toContain(idOf(1))
    expect(await ids(`search=${encodeURIComponent(`${idOf(1).slice(0, 8)}…${idOf(1).slice(-6)}`)}`)).toEqual(some(1))
    expect(await ids(`search=${idOf(1).slice(0, 8)}...${idOf(1).slice(-6).toUpperCase()}`)).toEqual(some(1))
    expect(await ids(`search=${idOf(1).slice(-6)}`)).toEqual([])
    expect(await ids('search=BETA')).toEqual(some(4, 3))
    expect(await ids('search=t1')).toEqual(some(3, 1))
    expect(await ids('search=nothing')).toEqual([])
    expect(await ids('search=')).toHaveLength(5)
  })

  it('times bound the list from both sides', async () => {
    const at = (await api.call<RunView>(`runs/${idOf(2)}`)).body.created_at
    await set(idOf(2), `created_at = '${at}'`)
    expect(await ids(`created_after=${at}`)).toEqual(some(4, 3, 2))
    expect(await ids(`created_before=${at}`)).toEqual(some(1, 0))
    expect(await ids(`created_after=${encodeURIComponent(at.replace('Z', '+00:00'))}&created_before=${at}`)).toEqual([])
  })

  it.each([
    ['status=done', '/status/0'],
    ['created_after=yesterday', '/created_after'],
    ['created_after=2026-01-01T00:00:00', '/created_after'],
    ['stauts=failed', '/stauts'],
    ['tag=%00', '/tag'],
    ['workflow=', '/workflow'],
  ])('?%s is refused', async (query, path) => {
    const { status, body } = await api.call<Problem>(`runs?${query}`)
    expect(status).toBe(422)
    expect(body.errors?.map((error) => error.path)).toEqual([path])
  })
})

describe('a run', () => {
  it.each([['nothing'], [uuidv7()], ['%00']])('there is no run %s', async (id) => {
    for (const path of [`runs/${id}`, `runs/${id}/steps/a`, `runs/${id}/logs`]) {
      const { status, body } = await api.call<Problem>(path)
      expect(status).toBe(404)
      expect(body.type).toBe('urn:sluice:problem:not_found')
    }
  })

  it('there is no step that the definition does not name', async () => {
    const run = await start(definitionOf('stepless'))
    expect((await api.call(`runs/${run.id}/steps/zz`)).status).toBe(404)
    expect((await api.call(`runs/${run.id}/logs?step=zz`)).status).toBe(404)
  })
})

describe('a run that a worker executes', () => {
  beforeAll(() => api.startWorker())

  it('steps show what they got, what they gave, and who did it', async () => {
    const steps = [
      { id: 'first', type: 'transform', config: { output: { doubled: '$input.n', text: 'x' } } },
      { id: 'second', type: 'echo', input: { of: '$first.doubled', order: '$order.amount?' }, depends_on: ['first'] },
    ]
    const order = await api.call<{ id: string }>('orders', { body: { amount: 5 } })
    const run = await start({ name: 'detail', steps }, { input: { n: 21 }, order_id: order.body.id })
    const before = await api.call<StepDetailView>(`runs/${run.id}/steps/second`)
    expect([null, 21]).toContain((before.body.input as { of: number } | null)?.of ?? null)
    const done = await finished(run.id)
    expect(done).toMatchObject({ status: 'completed', progress: { total: 2, completed: 2, failed: 0, skipped: 0 } })
    expect(done.steps[1]).toMatchObject({ action: 'echo', depends_on: ['first'], status: 'completed' })
    expect(done.steps[1]).not.toHaveProperty('output')
    const { body: step } = await api.call<StepDetailView>(`runs/${run.id}/steps/second`)
    expect(step).toMatchObject({
      input: { of: 21, order: '5.00' },
      output: { of: 21, order: '5.00' },
      idempotency_key: `${run.id}.second`,
    })
    expect(step.output_bytes).toBe(JSON.stringify(step.output).length)
    expect(step.attempts).toEqual([
      {
        attempt: 1,
        status: 'completed',
        started_at: step.started_at,
        completed_at: step.completed_at,
        error: null,
        worker: expect.stringMatching(new RegExp(`^.+:${process.pid}$`)) as string,
        retry_at: null,
      },
    ])
    expect(Date.parse(step.started_at ?? '')).toBeGreaterThanOrEqual(Date.parse(done.steps[0]?.completed_at ?? ''))
  })

  it('every attempt is shown, with its error and when the next was due', async () => {
    const step = {
      id: 'flaky',
      config: { fail_probability: 1, duration_seconds: 0, max_retries: 2 },
      retry: { delay_seconds: 0.05 },
    }
    const run = await start({ name: 'attempts', steps: [step, { id: 'after', depends_on: ['flaky'] }] })
    const done = await finished(run.id)
    expect(done).toMatchObject({ status: 'failed', error: { step_id: 'flaky' } })
    expect(done.error?.message).toContain('simulated failure')
    expect(done.error).not.toHaveProperty('stack')
    expect(done.steps[1]).toMatchObject({ status: 'skipped' })
    expect(done.steps[1]?.reason).toContain('flaky')
    const { body } = await api.call<StepDetailView>(`runs/${run.id}/steps/flaky`)
    expect(body).toMatchObject({ status: 'failed', retry_count: 2, max_retries: 2, output: null })
    expect(body.attempts.map(({ attempt, status }) => [attempt, status])).toEqual([
      [1, 'failed'],
      [2, 'failed'],
      [3, 'failed'],
    ])
    for (const { error, completed_at } of body.attempts) {
      expect(error?.message).toContain('simulated failure')
      expect(completed_at).not.toBeNull()
    }
    expect(body.attempts.map(({ retry_at }) => retry_at === null)).toEqual([false, false, true])
    const { body: skipped } = await api.call<StepDetailView>(`runs/${run.id}/steps/after`)
    expect(skipped).toMatchObject({ attempts: [], started_at: null })
  })

  it('log lines are listed in order, paged, by step, and behind a line that is known', async () => {
    const steps = [
      { id: 'one', type: 'validate_order' },
      { id: 'two', type: 'charge_payment', depends_on: ['one'] },
    ]
    const order = await api.call<{ id: string }>('orders', { body: { amount: 5 } })
    const run = await start({ name: 'logged', steps }, { order_id: order.body.id })
    await finished(run.id)
    const list = async (query: string) => (await api.call<Page<LogLine>>(`runs/${run.id}/logs${query}`)).body
    const all = await eventually(async () => {
      const page = await list('')
      return page.items.length >= 2 ? page : false
    })
    const [first, second] = all.items
    expect(first).toMatchObject({ step_id: 'one', attempt: 1, level: 'info' })
    expect(first?.data).toBeTypeOf('object')
    expect((await list('?step=one')).items).toEqual([first])
    expect((await list(`?after=${first?.id}`)).items).toEqual(all.items.slice(1))
    const page = await list('?limit=1')
    expect(page.items).toEqual([first])
    expect((await list(`?limit=1&cursor=${page.next_cursor}`)).items).toEqual([second])
    expect((await api.call(`runs/${run.id}/logs?after=x`)).status).toBe(422)
  })
})
