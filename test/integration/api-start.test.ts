import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunView } from '../../src/api/schemas/run.ts'
import { definitionOf, type Problem } from '../support/api-shapes.ts'
import { startApi, type TestApi } from '../support/api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
  await api.call('workflows', { body: definitionOf('plain') })
  const input_schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }
  await api.call('workflows', { body: definitionOf('strict', { input_schema }) })
})
afterAll(() => api.stop())

const start = (body: unknown, headers: Record<string, string> = {}, workflow = 'plain') =>
  api.call<RunView>(`workflows/${workflow}/runs`, { body, headers })

const countRuns = async () => Number((await api.database.query<{ n: string }>('select count(*) n from runs'))[0]?.n)

describe('starting a run', () => {
  it('a run is accepted with its place and its steps', async () => {
    const { status, headers, body } = await start({
      input: { z: 1, a: 2 },
      context: 'why',
      priority: 9,
      tags: ['x', 'y'],
    })
    expect(status).toBe(202)
    expect(headers.get('location')).toBe(`/api/v1/runs/${body.id}`)
    expect(body).toMatchObject({
      workflow_name: 'plain',
      workflow_version: 1,
      status: 'queued',
      input: { z: 1, a: 2 },
      context: 'why',
      output: null,
      error: null,
      order_id: null,
      parent_run_id: null,
      tags: ['x', 'y'],
      priority: 9,
      progress: { total: 1, completed: 0, failed: 0, skipped: 0 },
      started_at: null,
      completed_at: null,
    })
    expect(JSON.stringify(body.input)).toBe('{"z":1,"a":2}')
    expect(body.steps).toEqual([
      {
        step_id: 'a',
        step_index: 0,
        type: 'task',
        action: null,
        status: 'pending',
        depends_on: [],
        attempt: 0,
        retry_count: 0,
        max_retries: 0,
        started_at: null,
        completed_at: null,
        error_message: null,
        reason: null,
        output_bytes: null,
        waiting_for: null,
        parent_step_id: null,
        child_run_id: null,
        items: null,
      },
    ])
    expect((await api.call<RunView>(`runs/${body.id}`)).body).toEqual(body)
  })

  it('no body at all starts a run with an empty input', async () => {
    const { status, body } = await api.call<RunView>('workflows/plain/runs', { method: 'POST' })
    expect(status).toBe(202)
    expect(body.input).toEqual({})
  })

  it('a run keeps the version that it started with', async () => {
    await api.call('workflows', { body: definitionOf('evolving') })
    const { body: first } = await start({}, {}, 'evolving')
    await api.call('workflows', { body: definitionOf('evolving', { steps: [{ id: 'other' }] }) })
    const { body: second } = await start({}, {}, 'evolving')
    expect([first.workflow_version, second.workflow_version]).toEqual([1, 2])
    expect((await api.call<RunView>(`runs/${first.id}`)).body.steps.map(({ step_id }) => step_id)).toEqual(['a'])
  })

  it.each<[string, unknown, string, string]>([
    ['an unknown key', { inptu: {} }, '/inptu', 'unknown_key'],
    ['a priority out of range', { priority: 10 }, '/priority', 'too_big'],
    ['too many tags', { tags: Array.from({ length: 51 }, String) }, '/tags', 'too_big'],
    [
      'an order that does not exist',
      { order_id: '01900000-0000-7000-8000-000000000000' },
      '/order_id',
      'unknown_order',
    ],
    ['an order id that is none', { order_id: 'A-1' }, '/order_id', 'invalid_format'],
    ['text that cannot be stored', { input: { a: ['\u0000'] } }, '/input/a/0', 'invalid_text'],
    ['a start at a time that is none', { start_at: 'tomorrow' }, '/start_at', 'invalid_format'],
    ['a body that is no object', [1], '', 'invalid_type'],
  ])('%s is refused, and no run started', async (_name, body, path, code) => {
    const before = await countRuns()
    const answer = await api.call<Problem>('workflows/plain/runs', { body })
    expect(answer.status).toBe(422)
    expect(answer.body.errors).toEqual([expect.objectContaining({ path, code })])
    expect(await countRuns()).toBe(before)
  })

  it('an input that does not meet the schema is refused with the place in it', async () => {
    const wrong = await api.call<Problem>('workflows/strict/runs', { body: { input: { n: 'one' } } })
    expect(wrong.status).toBe(422)
    expect(wrong.body.errors?.map(({ path }) => path)).toEqual(['/input/n'])
    const missing = await api.call<Problem>('workflows/strict/runs', { body: {} })
    expect(missing.body.errors?.map(({ path }) => path)).toEqual(['/input/n'])
    expect((await start({ input: { n: 1 } }, {}, 'strict')).status).toBe(202)
  })

  it('a workflow with steps that cannot run yet is stored, but not started', async () => {
    const definition = definitionOf('later', { steps: [{ id: 'ok', type: 'shell', config: { command: ['true'] } }] })
    expect((await api.call('workflows', { body: definition })).status).toBe(201)
    const { status, body } = await api.call<Problem>('workflows/later/runs', { body: {} })
    expect(status).toBe(422)
    expect(body.type).toBe('urn:sluice:problem:not_supported')
  })

  it('there is no run of a workflow that there is not', async () => {
    expect((await start({}, {}, 'nothing')).status).toBe(404)
  })
})

describe('idempotency keys', () => {
  it('fifty simultaneous requests with one key start one run', async () => {
    const before = await countRuns()
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => start({ input: { n: 1 } }, { 'idempotency-key': 'fifty' })),
    )
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    const fresh = answers.filter(({ headers }) => headers.get('idempotency-replayed') === null)
    expect(fresh.map(({ status }) => status)).toEqual([202])
    const replayed = answers.filter(({ headers }) => headers.get('idempotency-replayed') === 'true')
    expect(replayed.map(({ status }) => status)).toEqual(Array<number>(49).fill(200))
    expect(await countRuns()).toBe(before + 1)
  })

  it('the order of keys in a body counts for nothing, its values do', async () => {
    const headers = { 'idempotency-key': 'body' }
    const first = await start({ input: { a: 1, b: 2 }, tags: ['t'] }, headers)
    const again = await start({ tags: ['t'], input: { b: 2, a: 1 } }, headers)
    expect(again).toMatchObject({ status: 200, body: { id: first.body.id } })
    const other = await api.call<Problem>('workflows/plain/runs', {
      body: { input: { a: 1, b: 3 }, tags: ['t'] },
      headers,
    })
    expect(other.status).toBe(422)
    expect(other.body.type).toBe('urn:sluice:problem:idempotency_mismatch')
  })

  it('a key belongs to its workflow', async () => {
    const headers = { 'idempotency-key': 'scoped' }
    const first = await start({ input: { n: 1 } }, headers)
    const second = await start({ input: { n: 1 } }, headers, 'strict')
    expect(second.status).toBe(202)
    expect(second.body.id).not.toBe(first.body.id)
  })

  it('a repeated request finds its run after a new version, and after the workflow was archived', async () => {
    const headers = { 'idempotency-key': 'late' }
    await api.call('workflows', { body: definitionOf('retired') })
    const first = await start({}, headers, 'retired')
    await api.call('workflows', { body: definitionOf('retired', { description: 'new' }) })
    await api.call('workflows/retired', { method: 'DELETE' })
    expect(await start({}, headers, 'retired')).toMatchObject({ status: 200, body: { id: first.body.id } })
    expect((await start({}, { 'idempotency-key': 'another' }, 'retired')).status).toBe(409)
  })

  it('a repeated request finds its run, also where its input would be refused by now', async () => {
    const headers = { 'idempotency-key': 'before' }
    const asking = (required: string[]) => definitionOf('stricter', { input_schema: { type: 'object', required } })
    await api.call('workflows', { body: asking([]) })
    const first = await start({ input: {} }, headers, 'stricter')
    await api.call('workflows', { body: asking(['n']) })
    expect(await start({ input: {} }, headers, 'stricter')).toMatchObject({ status: 200, body: { id: first.body.id } })
    const other = await api.call<Problem>('workflows/stricter/runs', { body: { input: { m: 1 } }, headers })
    expect(other.body.type).toBe('urn:sluice:problem:idempotency_mismatch')
  })

  it('a refused request leaves its key free', async () => {
    const headers = { 'idempotency-key': 'freed' }
    expect((await start({ input: {} }, headers, 'strict')).status).toBe(422)
    expect((await start({ input: { n: 1 } }, headers, 'strict')).status).toBe(202)
  })

  it('a key is 1 to 255 characters', async () => {
    expect((await start({}, { 'idempotency-key': 'k'.repeat(255) })).status).toBe(202)
    expect((await start({}, { 'idempotency-key': 'k'.repeat(256) })).status).toBe(422)
  })
})

describe('starts one behind the other', () => {
  it('get the version that is the latest by then, alone, with a key, and in a batch', async () => {
    const versionOf = async (id: string) => (await api.call<RunView>(`runs/${id}`)).body.workflow_version
    for (const [index, description] of ['first', 'second', 'third'].entries()) {
      await api.call('workflows', { body: definitionOf('moving', { description }) })
      for (const headers of [{}, { 'idempotency-key': `moving ${index}` }, {}])
        expect((await start({}, headers, 'moving')).body.workflow_version).toBe(index + 1)
      const batch = await api.call<{ items: { id: string }[] }>('workflows/moving/runs/batch', {
        body: { runs: [{}, {}] },
      })
      expect(await Promise.all(batch.body.items.map(({ id }) => versionOf(id)))).toEqual([index + 1, index + 1])
    }
  })

  it('get the version that is the latest by then, also where many come at once', async () => {
    for (const [index, description] of ['first', 'second', 'third'].entries()) {
      await api.call('workflows', { body: definitionOf('crowded', { description }) })
      const answers = await Promise.all(
        Array.from({ length: 30 }, (_, n) =>
          start({ input: { n } }, n % 3 === 0 ? { 'idempotency-key': `${index} ${n}` } : {}, 'crowded'),
        ),
      )
      expect(answers.map(({ body }) => body.workflow_version)).toEqual(Array<number>(30).fill(index + 1))
      expect(answers.map(({ body }) => body.input)).toEqual(Array.from({ length: 30 }, (_, n) => ({ n })))
      expect(new Set(answers.map(({ body }) => body.id)).size).toBe(30)
    }
  })

  it('are refused once the workflow is archived, with a key and without, and start again when it is back', async () => {
    const keyed = { 'idempotency-key': 'ended' }
    await api.call('workflows', { body: definitionOf('ending') })
    expect((await start({}, {}, 'ending')).status).toBe(202)
    await api.call('workflows/ending', { method: 'DELETE' })
    const before = await countRuns()
    expect((await start({}, {}, 'ending')).status).toBe(409)
    expect((await start({}, keyed, 'ending')).status).toBe(409)
    expect(await countRuns()).toBe(before)
    await api.call('workflows', { body: definitionOf('ending') })
    expect((await start({}, keyed, 'ending')).status).toBe(202)
  })

  it('are judged by the latest version, also where the one before would have refused the input', async () => {
    const asking = (required: string[]) => definitionOf('lenient', { input_schema: { type: 'object', required } })
    await api.call('workflows', { body: asking(['n']) })
    expect((await start({ input: { n: 1 } }, {}, 'lenient')).status).toBe(202)
    expect((await start({ input: {} }, {}, 'lenient')).status).toBe(422)
    expect((await start({ input: { n: 1 } }, {}, 'lenient')).status).toBe(202)
    await api.call('workflows', { body: asking([]) })
    expect((await start({ input: {} }, {}, 'lenient')).status).toBe(202)
    await api.call('workflows', { body: asking(['m']) })
    expect((await start({ input: {} }, {}, 'lenient')).status).toBe(422)
  })
})

describe('a definition and a run in one request', () => {
  it('the definition is stored, and the run is one of it', async () => {
    const definition = definitionOf('inline')
    const first = await api.call<RunView>('runs', { body: { definition, input: { n: 1 } } })
    expect(first.status).toBe(202)
    expect(first.headers.get('location')).toBe(`/api/v1/runs/${first.body.id}`)
    expect(first.body).toMatchObject({ workflow_name: 'inline', workflow_version: 1, input: { n: 1 } })
    const second = await api.call<RunView>('runs', { body: { definition } })
    expect(second.body).toMatchObject({ workflow_id: first.body.workflow_id, workflow_version: 1 })
    expect(second.body.id).not.toBe(first.body.id)
  })

  it('a key makes it repeatable', async () => {
    const request = { body: { definition: definitionOf('inline-once') }, headers: { 'idempotency-key': 'k' } }
    const answers = await Promise.all(Array.from({ length: 10 }, () => api.call<RunView>('runs', request)))
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    expect(answers.map(({ status }) => status).toSorted((a, b) => b - a)).toEqual([202, ...Array<number>(9).fill(200)])
  })

  it('what a key has started before is answered, and what cannot start refused, without storing a definition', async () => {
    const post = (definition: unknown, more: object = {}, key?: string) =>
      api.call<Pick<RunView, 'id'> & Pick<Problem, 'errors'>>('runs', {
        body: { definition, ...more },
        headers: key === undefined ? {} : { 'idempotency-key': key },
      })
    const latest = async () => (await api.call<{ version: number }>('workflows/kept')).body.version
    const first = await post(definitionOf('kept'), {}, 'kept-1')
    await api.call('workflows', { body: definitionOf('kept', { description: 'the second' }) })
    const again = await post(definitionOf('kept'), {}, 'kept-1')
    expect([again.status, again.body.id]).toEqual([200, first.body.id])
    expect((await post(definitionOf('kept', { description: 'the third' }), {}, 'kept-1')).status).toBe(422)
    const input_schema = { type: 'object', required: ['n'] }
    expect((await post(definitionOf('kept', { input_schema }), { input: {} })).body.errors?.[0]?.path).toBe('/input/n')
    expect(await latest()).toBe(2)
  })

  it('the body may be YAML', async () => {
    const body = 'definition:\n  name: inline-yaml\n  steps:\n    - id: a\ninput:\n  n: 1\n'
    const answer = await api.call<RunView>('runs', { body, headers: { 'content-type': 'text/yaml' } })
    expect(answer).toMatchObject({ status: 202, body: { workflow_name: 'inline-yaml', input: { n: 1 } } })
  })

  it('what is wrong with the definition is told by its place in the body', async () => {
    const definition = { name: 'inline-wrong', steps: [{ id: 'a', depends_on: ['b'] }] }
    const { status, body } = await api.call<Problem>('runs', { body: { definition } })
    expect(status).toBe(422)
    expect(body.errors).toEqual([expect.objectContaining({ path: '/definition/steps/0/depends_on/0' })])
    const none = await api.call<Problem>('runs', { body: { input: 1 } })
    expect(none.body.errors).toEqual([expect.objectContaining({ path: '/definition' })])
  })
})

describe('a batch', () => {
  const batch = (runs: unknown[], workflow = 'strict') =>
    api.call<{ items: { id: string }[] }>(`workflows/${workflow}/runs/batch`, { body: { runs } })

  it('a thousand runs start in one request, in order', async () => {
    const { status, body } = await batch(Array.from({ length: 1000 }, (_, n) => ({ input: { n } })))
    expect(status).toBe(202)
    expect(body.items).toHaveLength(1000)
    const ids = body.items.map(({ id }) => id)
    expect(ids).toEqual(ids.toSorted())
    expect((await api.call<RunView>(`runs/${ids[999]}`)).body.input).toEqual({ n: 999 })
  })

  it('one bad input refuses them all, and is named', async () => {
    const before = await countRuns()
    const runs = [{ input: { n: 1 } }, { input: { n: 'two' } }, { input: { n: 3 } }]
    const { status, body } = await api.call<Problem>('workflows/strict/runs/batch', { body: { runs } })
    expect(status).toBe(422)
    expect(body.errors?.map(({ path }) => path)).toEqual(['/runs/1/input/n'])
    const order_id = '01900000-0000-7000-8000-000000000000'
    const one = await api.call<Problem>('workflows/strict/runs/batch', { body: { runs: [{ input: {} }] } })
    expect(one.body.errors?.map(({ path }) => path)).toEqual(['/runs/0/input/n'])
    const orders = await api.call<Problem>('workflows/plain/runs/batch', { body: { runs: [{}, { order_id }] } })
    expect(orders.body.errors?.map(({ path }) => path)).toEqual(['/runs/1/order_id'])
    expect(await countRuns()).toBe(before)
  })

  it('a batch of none, or of more than 1,000, is refused', async () => {
    expect((await batch([])).status).toBe(422)
    expect(
      (
        await batch(
          Array.from({ length: 1001 }, () => ({})),
          'plain',
        )
      ).status,
    ).toBe(422)
  })
})
