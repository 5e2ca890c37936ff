import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { diffSchema } from '../../src/api/schemas/diff.ts'
import { startApi, type TestApi } from '../support/api.ts'
import type { Problem } from '../support/api-shapes.ts'
import { BACKENDS } from '../support/contract.ts'

interface Side {
  status: string
  branch: string | null
  reason: string | null
  error: string | null
  json: string | null
  bytes: number | null
}
interface Diff {
  workflow_name: string
  same_version: boolean
  input_differs: boolean
  is_complete: boolean
  a: { id: string; workflow_version: number; status: string; duration_ms: number | null }
  first_difference: { step_id: string; kind: string; path: string | null; a: Side; b: Side } | null
  steps: {
    step_id: string
    only_in?: string
    a: { status: string; duration_ms: number | null; attempts: number } | null
    b: { status: string; duration_ms: number | null; attempts: number } | null
    duration_delta_ms: number | null
    differs: string[]
  }[]
}

const transform = (id: string, output: unknown, more: object = {}) => ({
  id,
  type: 'transform',
  config: { output },
  ...more,
})

describe.each(BACKENDS)('on %s', (backend) => {
  let api: TestApi
  beforeAll(async () => {
    api = await startApi(backend)
    await api.startWorker()
  })
  afterAll(() => api.stop())

  const run = async (definition: object, input: unknown = {}): Promise<string> => {
    const { body } = await api.call<{ id: string }>('runs', { body: { definition, input } })
    await api.ended(body.id)
    return body.id
  }
  const diff = async (a: string, b: string): Promise<Diff> => {
    const { status, body } = await api.call<Diff>(`runs/diff?a=${a}&b=${b}`)
    expect(status).toBe(200)
    expect(diffSchema.parse(body)).toEqual(body)
    return body
  }
  const differing = (answer: Diff) =>
    answer.steps.filter((step) => step.differs.length > 0).map((step) => [step.step_id, ...step.differs])

  test('runs that did the same do not differ', async () => {
    const definition = {
      name: `same-${backend}`,
      steps: [transform('a', '$input'), transform('b', '$a', { depends_on: ['a'] })],
    }
    const answer = await diff(await run(definition, { n: 1, m: 2 }), await run(definition, { m: 2, n: 1 }))
    expect(answer).toMatchObject({
      workflow_name: `same-${backend}`,
      same_version: true,
      input_differs: false,
      is_complete: true,
      first_difference: null,
      a: { workflow_version: 1, status: 'completed', duration_ms: expect.any(Number) as number },
    })
    expect(answer.steps.map((step) => [step.step_id, step.a?.status, step.b?.attempts])).toEqual([
      ['a', 'completed', 1],
      ['b', 'completed', 1],
    ])
    const { a, b, duration_delta_ms: delta } = answer.steps[0]!
    expect(delta).toBe(b!.duration_ms! - a!.duration_ms!)
  })

  test('the first difference is the first in topological order: an input, with the place', async () => {
    const definition = {
      name: `input-${backend}`,
      steps: [
        transform('last', '$echo', { depends_on: ['echo'] }),
        { id: 'echo', type: 'echo', input: { order: '$input.order', fixed: [1] }, depends_on: ['first'] },
        transform('first', 1),
      ],
    }
    const one = await run(definition, { order: { id: 7, cents: 100 } })
    const other = await run(definition, { order: { id: 7, cents: 250 } })
    const answer = await diff(one, other)
    expect(answer.first_difference).toEqual({
      step_id: 'echo',
      kind: 'input',
      path: '/order/cents',
      a: expect.objectContaining({ json: '{"order":{"id":7,"cents":100},"fixed":[1]}', bytes: 42 }) as Side,
      b: expect.objectContaining({ json: '{"order":{"id":7,"cents":250},"fixed":[1]}', bytes: 42 }) as Side,
    })
    expect(answer.input_differs).toBe(true)
    expect(differing(answer)).toEqual([
      ['echo', 'input', 'output'],
      ['last', 'output'],
    ])
  })

  test('a branch: another one was taken, and what was executed in one run was skipped in the other', async () => {
    const definition = {
      name: `branch-${backend}`,
      steps: [
        { id: 'big', type: 'condition', config: { expression: 'input.n > 10' } },
        transform('yes', 1, { depends_on: [{ step: 'big', branch: 'true' }] }),
      ],
    }
    const answer = await diff(await run(definition, { n: 1 }), await run(definition, { n: 11 }))
    expect(answer.first_difference).toMatchObject({
      step_id: 'big',
      kind: 'branch',
      path: null,
      a: { status: 'completed', branch: 'false', json: null },
      b: { branch: 'true' },
    })
    expect(differing(answer)).toEqual([
      ['big', 'branch', 'output'],
      ['yes', 'branch'],
    ])
    expect(answer.steps[1]).toMatchObject({ a: { status: 'skipped', duration_ms: null }, duration_delta_ms: null })
  })

  test('an output: of the same length, of another, and of a step that failed; long ones are cut', async () => {
    const definition = { name: `output-${backend}`, steps: [transform('t', '$input.v')] }
    const [abc, abd, long] = [
      await run(definition, { v: 'abc' }),
      await run(definition, { v: 'abd' }),
      await run(definition, { v: 'x'.repeat(5_000) }),
    ]
    expect((await diff(abc, abd)).first_difference).toMatchObject({
      kind: 'output',
      path: '',
      a: { json: '"abc"' },
      b: { json: '"abd"' },
    })
    const { b } = (await diff(abc, long)).first_difference!
    expect([b.json?.length, b.bytes]).toEqual([2_000, 5_002])
    const failed = await run(definition, {})
    expect((await diff(abc, failed)).first_difference).toMatchObject({
      kind: 'output',
      path: null,
      b: { status: 'failed', error: expect.stringContaining('v') as string },
    })
  })

  test('two versions: steps are compared by id, and a retry shows as attempts', async () => {
    const name = `versions-${backend}`
    const flaky = (times: number) => ({
      id: 'flaky',
      config: { action: 'fail_times', max_retries: 3 },
      input: { times },
      retry: { delay_seconds: 0 },
    })
    const one = await run({ name, steps: [flaky(0), transform('gone', 1)] })
    const two = await run({ name, steps: [transform('new', 1), flaky(2)] })
    const answer = await diff(one, two)
    expect(answer).toMatchObject({
      same_version: false,
      input_differs: false,
      first_difference: { step_id: 'flaky', kind: 'input', path: '/times' },
    })
    expect(answer.steps.map((step) => [step.step_id, step.only_in, step.a?.attempts, step.b?.attempts])).toEqual([
      ['flaky', undefined, 1, 3],
      ['gone', 'a', 1, undefined],
      ['new', 'b', undefined, 1],
    ])
    expect(answer.steps[0]?.differs).toContain('attempts')
    expect(answer.steps[1]).toMatchObject({ b: null, duration_delta_ms: null, differs: [] })
  })

  test('runs of two workflows are refused with both names; runs that are not there are not found', async () => {
    const one = await run({ name: `one-${backend}`, steps: [transform('a', 1)] })
    const other = await run({ name: `other-${backend}`, steps: [transform('a', 1)] })
    const refused = await api.call<Problem>(`runs/diff?a=${one}&b=${other}`)
    expect(refused.status).toBe(422)
    expect(refused.body.detail).toContain(`"one-${backend}"`)
    expect(refused.body.detail).toContain(`"other-${backend}"`)
    expect((await api.call(`runs/diff?a=${one}&b=none`)).status).toBe(404)
    expect((await api.call<Problem>(`runs/diff?a=${one}`)).body.errors).toMatchObject([{ path: '/b' }])
  })
})
