import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { Sweep } from '../../src/engine/sweep.ts'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import { startApi, type TestApi } from '../support/api.ts'
import { BACKENDS } from '../support/contract.ts'
import { eventually } from '../support/eventually.ts'

interface Step {
  step_id: string
  status: string
  started_at: string
  completed_at: string
  error_message: string | null
  waiting_for: { kind: string } | null
  child_run_id: string | null
  items: Record<string, number> | null
}
interface Run {
  id: string
  status: string
  output: Record<string, unknown> | null
  error: { message: string; code: string } | null
  parent_run_id: string | null
  compensation: string | null
  steps: Step[]
}
interface Approval {
  id: string
  run_id: string
  step_id: string
  status: string
  input: unknown
  message: unknown
}

describe.each(BACKENDS)('on %s', (backend) => {
  let api: TestApi
  beforeAll(async () => {
    api = await startApi(backend)
    await api.startWorker()
  })
  afterAll(() => api.stop())

  const start = async (definition: DefinitionInput, input: unknown = {}): Promise<string> => {
    const { status, body } = await api.call<Run>('runs', { body: { definition, input } })
    expect(body).toMatchObject({ id: expect.any(String) as string })
    expect(status).toBe(202)
    return body.id
  }
  const read = async (id: string): Promise<Run> => (await api.call<Run>(`runs/${id}`)).body
  const until = (id: string, ...statuses: string[]): Promise<Run> =>
    eventually(
      async () => {
        const run = await read(id)
        if (statuses.includes(run.status)) return run
        throw new Error(`run ${id} is ${run.status}: ${JSON.stringify(run.steps)}`)
      },
      { timeoutMs: 20_000 },
    )
  const ended = (id: string): Promise<Run> => until(id, 'completed', 'failed', 'cancelled')
  const run = async (definition: DefinitionInput, input?: unknown): Promise<Run> =>
    ended(await start(definition, input))
  const stepOf = (of: Run, id: string): Step => of.steps.find((step) => step.step_id === id)!
  const asks = (id: string): Promise<Approval> =>
    eventually(async () => {
      const { body } = await api.call<{ items: Approval[] }>(`approvals?status=open&run=${id}`)
      return body.items[0] ?? false
    })
  const post = (path: string, body?: unknown) =>
    api.call(path, { method: 'POST', ...(body === undefined ? {} : { body }) })

  describe('the status of a run', () => {
    // It would make good what the workers do not.
    beforeEach(() => vi.spyOn(Sweep.prototype, 'parkedSteps').mockResolvedValue())
    afterEach(() => vi.restoreAllMocks())
    const ask = { id: 'ask', type: 'approval' }

    test('is waiting once nothing of it runs any more, and something is parked', async () => {
      const id = await start({ name: 'beside', steps: [ask, { id: 'work', config: { duration_seconds: 0.5 } }] })
      await eventually(async () => stepOf(await read(id), 'ask').status === 'waiting')
      await eventually(async () => stepOf(await read(id), 'work').status === 'completed')
      expect(stepOf(await until(id, 'waiting'), 'ask').status).toBe('waiting')
    })

    test('is running while a step is, whatever was found when another began to wait', async () => {
      const work = (id: string, seconds: number) => ({ id, config: { duration_seconds: seconds } })
      const id = await start({ name: 'crossed', steps: [ask, work('long', 6), work('short', 1)] })
      const statuses = async () => (await read(id)).steps.map(({ status }) => status)
      await eventually(async () => (await statuses()).join() === 'waiting,running,running')
      await api.database.query(`UPDATE runs SET status = 'waiting' WHERE id = $1`, [id])
      await until(id, 'running')
      expect((await statuses()).slice(0, 2)).toEqual(['waiting', 'running'])
    })
  })

  describe('a wait', () => {
    test.each([
      ['of some seconds', { seconds: 0.4 }],
      ['until a time of the input', { until: '$input.until' }],
      ['until a time that is past', { until: '2020-01-01T00:00:00Z' }],
    ])('%s goes on by itself', async (_name, config) => {
      const input = { until: new Date(Date.now() + 400).toISOString() }
      const done = await run({ name: 'wait', steps: [{ id: 'a', type: 'wait', config }] }, input)
      expect(done).toMatchObject({ status: 'completed', output: { a: null } })
    })

    test.each(['soon', '2026', '2026-02-30T00:00:00Z', '9999-12-31T23:59:59-05:00', '+010000-01-01T00:00:00Z'])(
      'until %s, which is no time, fails',
      async (until) => {
        const done = await run(
          { name: 'wait', steps: [{ id: 'a', type: 'wait', config: { until: '$input.until' } }] },
          { until },
        )
        expect(stepOf(done, 'a').error_message).toContain('ISO 8601')
      },
    )

    test('is skipped at once when a step fails that stops the run', async () => {
      const id = await start({
        name: 'halted',
        steps: [
          { id: 'long', type: 'wait', config: { seconds: 3600 } },
          { id: 'bad', config: { duration_seconds: 0.2, fail_probability: 1 } },
        ],
      })
      expect(await ended(id)).toMatchObject({ status: 'failed', steps: [{ status: 'skipped' }, { status: 'failed' }] })
    })
  })

  describe('an approval', () => {
    const definition: DefinitionInput = {
      name: 'approval',
      steps: [
        { id: 'ask', type: 'approval', input: { amount: '$input.amount' }, config: { message: 'Pay?' } },
        { id: 'pay', type: 'transform', config: { output: '$ask' }, depends_on: [{ step: 'ask', branch: 'approved' }] },
      ],
    }

    test('shows its input, and its data becomes the output', async () => {
      const id = await start(definition, { amount: 5 })
      expect(await asks(id)).toMatchObject({
        run_id: id,
        step_id: 'ask',
        status: 'open',
        input: { amount: 5 },
        message: 'Pay?',
      })
      expect(await until(id, 'waiting')).toMatchObject({
        steps: [{ status: 'waiting', waiting_for: { kind: 'approval' } }, {}],
      })
      const answer = await post(`runs/${id}/steps/ask/approve`, { by: 'ann', comment: 'fine', data: { ok: 1 } })
      expect(answer).toMatchObject({
        status: 200,
        body: { status: 'approved', decisions: [{ by: 'ann', comment: 'fine' }] },
      })
      expect(await ended(id)).toMatchObject({ status: 'completed', output: { pay: { ok: 1 } } })
      expect((await post(`runs/${id}/steps/ask/approve`)).status).toBe(409)
    })

    test('that has nothing to show, because a binding has no value, fails', async () => {
      expect(await ended(await start(definition, {}))).toMatchObject({ status: 'failed', error: { code: 'binding' } })
    })

    test('has its run wait from the moment that its step does', async () => {
      for (let round = 0; round < 10; round += 1) {
        const id = await start(definition, { amount: 5 })
        await eventually(async () => stepOf(await read(id), 'ask').status === 'waiting')
        expect((await read(id)).status).toBe('waiting')
      }
    })

    test('of a run that has stopped is asked no more', async () => {
      const bad = { id: 'bad', config: { duration_seconds: 0.3, fail_probability: 1 } }
      const done = await run({ name: 'stopped', steps: [{ id: 'ask', type: 'approval' }, bad] })
      expect(stepOf(done, 'ask').status).toBe('skipped')
      const { body } = await api.call<{ items: Approval[] }>(`approvals?run=${done.id}`)
      expect(body.items).toMatchObject([{ status: 'void' }])
    })

    test('that is rejected fails its step, and says by whom and why', async () => {
      const id = await start(definition, { amount: 5 })
      await asks(id)
      expect((await post(`runs/${id}/steps/ask/reject`, { by: 'bob', comment: 'too much' })).status).toBe(200)
      expect(await ended(id)).toMatchObject({
        status: 'failed',
        error: { code: 'rejected', message: 'rejected by bob: too much' },
      })
    })

    test('is decided once, by whoever is first', async () => {
      const id = await start(definition, { amount: 5 })
      await asks(id)
      const all = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          post(`runs/${id}/steps/ask/${index % 2 === 0 ? 'approve' : 'reject'}`, { by: `p${index}` }),
        ),
      )
      expect(all.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([
        200,
        ...Array.from({ length: 9 }, () => 409),
      ])
      await ended(id)
    })

    test('of a quorum needs that many of its approvers', async () => {
      const config = { approvers: ['ann', 'bob', 'cid'], quorum: 2 }
      const id = await start({ name: 'quorum', steps: [{ id: 'ask', type: 'human_gate', config }] })
      await asks(id)
      const approve = (by: string) => post(`runs/${id}/steps/ask/approve`, { by, data: by })
      expect((await approve('eve')).status).toBe(403)
      expect((await approve('ann')).body).toMatchObject({ status: 'open' })
      expect((await approve('ann')).status).toBe(409)
      expect((await approve('cid')).body).toMatchObject({ status: 'approved' })
      expect(await ended(id)).toMatchObject({ status: 'completed', output: { ask: 'cid' } })
    })

    test.each([
      ['fail', 'failed', 'approval_timeout'],
      ['reject', 'failed', 'rejected'],
      ['approve', 'completed', undefined],
    ] as const)('whose time is up follows its policy: %s', async (policy, status, code) => {
      const config = { timeout_seconds: 0.4, on_timeout: policy }
      const done = await run({ name: 'late', steps: [{ id: 'ask', type: 'approval', config }] })
      expect([done.status, done.error?.code]).toEqual([status, code])
    })
  })

  test.each([
    { type: 'wait', config: { seconds: 600 } },
    { type: 'approval', config: {} },
  ] as const)('a step of type $type gives up after its timeout_seconds', async (step) => {
    const done = await run({ name: 'gives-up', steps: [{ id: 'a', ...step, timeout_seconds: 0.3 }] })
    expect(done).toMatchObject({ status: 'failed', error: { code: 'timeout' } })
    const { body } = await api.call<{ items: Approval[] }>(`approvals?status=open&run=${done.id}`)
    expect(body.items).toEqual([])
  })

  describe('an event', () => {
    const waits = (config: Record<string, string>, id = 'a'): DefinitionInput['steps'][number] => ({
      id,
      type: 'wait_event',
      config: { event: 'paid', ...config },
    })

    test('wakes the step that waits for it, and its data becomes the output', async () => {
      const id = await start({ name: 'event', steps: [waits({})] })
      await until(id, 'waiting')
      expect((await post(`runs/${id}/events`, { name: 'other' })).status).toBe(202)
      expect((await post(`runs/${id}/events`, { name: 'paid', data: { cents: 7 } })).status).toBe(202)
      expect(await ended(id)).toMatchObject({ status: 'completed', output: { a: { cents: 7 } } })
    })

    test('that comes before its step waits is kept for it', async () => {
      const id = await start({
        name: 'early',
        steps: [
          { id: 'w', type: 'wait', config: { seconds: 0.5 } },
          { ...waits({}), depends_on: ['w'] },
        ],
      })
      await post(`runs/${id}/events`, { name: 'paid', data: 1 })
      expect(await ended(id)).toMatchObject({ status: 'completed', output: { a: 1 } })
    })

    test('wakes every step that waits for it and matches, and no other', async () => {
      const big = { match: 'event.data.n > 1' }
      const id = await start({ name: 'match', steps: [waits(big, 'big'), waits(big, 'big2'), waits({}, 'any')] })
      await eventually(async () => (await read(id)).steps.every((step) => step.status === 'waiting'))
      for (const n of [1, 2]) expect((await post(`runs/${id}/events`, { name: 'paid', data: { n } })).status).toBe(202)
      expect((await ended(id)).output).toEqual({ big: { n: 2 }, big2: { n: 2 }, any: { n: 1 } })
    })

    test('that comes before any worker does wakes all steps whose turn it is', async () => {
      const steps = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => waits({}, `w${n}`))
      const id = await start({ name: 'beside', steps })
      await post(`runs/${id}/events`, { name: 'paid', data: 1 })
      expect(Object.values((await ended(id)).output ?? {})).toEqual(steps.map(() => 1))
    })

    test('can be taken again by each step that took it, when the run is retried from before that', async () => {
      const before = (id: string) => ({ id, config: { duration_seconds: 0 } })
      const after = (id: string, dependency: string) => ({ ...waits({}, id), depends_on: [dependency] })
      const id = await start({
        name: 'again',
        steps: [before('a'), before('b'), after('after-a', 'a'), after('after-b', 'b')],
      })
      const isWaiting = async (step: string) => stepOf(await read(id), step).status === 'waiting'
      await eventually(async () => (await isWaiting('after-a')) && (await isWaiting('after-b')))
      await post(`runs/${id}/events`, { name: 'paid', data: 1 })
      await ended(id)
      for (const from of ['a', 'b', 'b', 'a']) {
        expect((await post(`runs/${id}/retry`, { from })).status).toBe(202)
        expect((await ended(id)).output).toEqual({ 'after-a': 1, 'after-b': 1 })
      }
    })

    test('wakes one of the steps that wait one after the other, and so does one that is kept', async () => {
      const after = (id: string, before: string) => ({ ...waits({}, id), depends_on: [before] })
      const held = {
        type: 'map',
        config: { items: [1, 2], concurrency: 1, step: { type: 'wait_event', config: { event: 'paid' } } },
      }
      const id = await start({
        name: 'in-turn',
        steps: [waits({}, 'a'), after('b', 'a'), after('c', 'b'), { id: 'm', ...held, depends_on: ['c'] }],
      })
      await until(id, 'waiting')
      const send = async (data: number) => post(`runs/${id}/events`, { name: 'paid', data })
      await send(1)
      await eventually(async () => stepOf(await read(id), 'b').status === 'waiting')
      for (const data of [2, 3, 4, 5]) await send(data)
      expect((await ended(id)).output).toEqual({ m: [4, 5] })
      expect((await read(id)).steps.map((step) => step.status)).toEqual(Array(6).fill('completed'))
      const taken = (await api.call<{ items: { taken_at: string | null }[] }>(`runs/${id}/events`)).body.items
      expect(taken.filter((event) => event.taken_at === null)).toEqual([])
    })

    test('reaches all items of a map that wait at once', async () => {
      const step = { type: 'wait_event', config: { event: 'paid' } }
      const id = await start({
        name: 'items',
        steps: [{ id: 'm', type: 'map', config: { items: [1, 2, 3], step } }],
      })
      await eventually(async () => (await read(id)).steps.filter((item) => item.status === 'waiting').length > 1)
      await post(`runs/${id}/events`, { name: 'paid', data: 7 })
      expect((await ended(id)).output).toEqual({ m: [7, 7, 7] })
    })

    test('of which the condition can say nothing is another one than is waited for', async () => {
      const id = await start({ name: 'unfit', steps: [waits({ match: 'event.data.n > 1' })] })
      await until(id, 'waiting')
      for (const data of [{}, 'text', { n: 2 }]) await post(`runs/${id}/events`, { name: 'paid', data })
      expect(await ended(id)).toMatchObject({ status: 'completed', output: { a: { n: 2 } } })
    })

    test('may have a name that a binding makes', async () => {
      const id = await start({ name: 'named', steps: [waits({ event: '$input.name' })] }, { name: 'mine' })
      await until(id, 'waiting')
      for (const name of ['paid', 'mine']) await post(`runs/${id}/events`, { name, data: name })
      expect(await ended(id)).toMatchObject({ status: 'completed', output: { a: 'mine' } })
    })

    test.each(['${{ input.name.substring(0, 1) }}', '${{ input.name + input.name }}'])(
      'of a name that none can have fails its step: %s',
      async (event) => {
        const name = '😀'.repeat(40)
        const done = await run({ name: 'unnameable', steps: [waits({ event })] }, { name })
        expect(done).toMatchObject({ status: 'failed', error: { code: 'invalid_event' } })
      },
    )

    test('that does not come in time fails its step', async () => {
      const done = await run({ name: 'late', steps: [{ ...waits({}), timeout_seconds: 0.3 }] })
      expect(done).toMatchObject({ status: 'failed', error: { code: 'timeout' } })
      expect((await post(`runs/${done.id}/events`, { name: 'paid' })).status).toBe(409)
    })
  })

  describe('a map', () => {
    const map = (config: Record<string, unknown>, more: object = {}): DefinitionInput =>
      ({ name: 'map', steps: [{ id: 'm', type: 'map', config, ...more }] }) as DefinitionInput

    test('runs its step for each item, with the results in order', async () => {
      const step = { type: 'transform', config: { output: { at: '$index', of: '$item' } } }
      const done = await run(map({ items: '$input.list', step, concurrency: 2 }), { list: ['a', 'b', 'c'] })
      expect(done.output).toEqual({
        m: [
          { at: 0, of: 'a' },
          { at: 1, of: 'b' },
          { at: 2, of: 'c' },
        ],
      })
      expect(done.steps.map((each) => each.step_id)).toEqual(['m', 'm[0]', 'm[1]', 'm[2]'])
      expect(stepOf(done, 'm').items).toEqual({ total: 3, completed: 3, failed: 0, skipped: 0 })
      const item = await api.call(`runs/${done.id}/steps/${encodeURIComponent('m[1]')}`)
      expect(item.body).toMatchObject({ output: { at: 1, of: 'b' }, parent_step_id: 'm' })
    })

    test('of no items completes at once, and of what is no list fails', async () => {
      const step = { type: 'transform', config: { output: 1 } }
      expect((await run(map({ items: [], step }))).output).toEqual({ m: [] })
      expect((await run(map({ items: '$input', step }))).error?.message).toContain('must be an array')
    })

    test('never has more items under way than its concurrency', async () => {
      const id = await start(
        map({ items: [1, 2, 3, 4, 5, 6, 7, 8], concurrency: 2, step: { config: { duration_seconds: 0.1 } } }),
      )
      let most = 0
      await eventually(
        async () => {
          const now = await read(id)
          most = Math.max(most, now.steps.filter((step) => step.step_id !== 'm' && step.status === 'running').length)
          return now.status === 'completed'
        },
        { everyMs: 5, timeoutMs: 20_000 },
      )
      expect(most).toBeLessThanOrEqual(2)
    })

    test('never has, once it is retried, although later items are done', async () => {
      const step = {
        type: 'fail_times',
        config: { duration_seconds: 0.15 },
        input: { times: '$item', permanent: true },
      }
      const definition = map({ items: [1, 1, 1, 0, 0], concurrency: 1, step })
      const failed = await run({ ...definition, on_failure: 'finish' })
      expect(failed.steps.map(({ status }) => status)).toEqual([
        'failed',
        ...Array(3).fill('failed'),
        ...Array(2).fill('completed'),
      ])
      await api.call(`runs/${failed.id}/retry`, { method: 'POST' })
      const { steps } = await until(failed.id, 'completed')
      const again = [1, 2, 3].map((place) => steps[place]!)
      const starts = again.map((item) => item.started_at)
      expect(starts.slice(1).map((startedAt, place) => startedAt >= again[place]!.completed_at)).toEqual([true, true])
    })

    test('that another step stops before all of its items began is skipped, and once it is retried, runs these', async () => {
      const id = await start({
        name: 'cut-map',
        steps: [
          {
            id: 'm',
            type: 'map',
            config: { items: [1, 2, 3, 4], concurrency: 1, step: { config: { duration_seconds: 0.4 } } },
          },
          {
            id: 'asked',
            type: 'map',
            config: {
              items: [[1], [2]],
              step: { type: 'map', config: { items: '$item', step: { type: 'approval' } } },
            },
          },
          { id: 'f', type: 'fail_times', config: { duration_seconds: 0.6 }, input: { times: 1, permanent: true } },
          { id: 'behind', type: 'join', depends_on: ['m', 'asked', 'f'] },
        ],
      })
      const cut = await ended(id)
      const states = (steps: Run['steps']) => Object.fromEntries(steps.map((step) => [step.step_id, step.status]))
      expect(states(cut.steps)).toMatchObject({
        m: 'skipped',
        'm[0]': 'completed',
        'm[3]': 'skipped',
        asked: 'skipped',
        f: 'failed',
      })
      expect(cut.steps[0]).toMatchObject({ reason: 'step f failed and the workflow stops on failure' })
      await api.call(`runs/${id}/retry`, { method: 'POST' })
      for (const index of [0, 1]) {
        const path = `runs/${id}/steps/${encodeURIComponent(`asked[${index}][0]`)}/approve`
        await eventually(async () => (await api.call(path, { body: { data: index } })).status === 200)
      }
      const done = await until(id, 'completed')
      expect(new Set(done.steps.map(({ status }) => status))).toEqual(new Set(['completed']))
      expect(done.steps.find((step) => step.step_id === 'm[0]')).toEqual(
        cut.steps.find((step) => step.step_id === 'm[0]'),
      )
    })

    test('fails with its first item, or goes on where the item’s failure is tolerated', async () => {
      const step = { type: 'transform', config: { output: '$item.v' } }
      const items = [{ v: 1 }, {}, { v: 3 }]
      const failed = await run(map({ items, step }))
      expect(failed.error).toMatchObject({ code: 'item_failed', message: expect.stringContaining('m[1]') as string })
      const done = await run(map({ items, step: { ...step, on_error: 'continue' } }))
      expect(done).toMatchObject({ status: 'completed', output: { m: [1, null, 3] } })
    })

    test('may hold whatever waits: timers, approvals, events, maps, child runs', async () => {
      await run({ name: 'leaf', steps: [{ id: 't', type: 'transform', config: { output: '$input.n' } }] })
      const inner = (step: object) => map({ items: [1, 2], step })
      expect((await run(inner({ type: 'wait', config: { seconds: 0.2 } }))).status).toBe('completed')
      const nested = {
        type: 'map',
        config: { items: ['$item', 9], step: { type: 'transform', config: { output: '$item' } } },
      }
      expect((await run(inner(nested))).output).toEqual({
        m: [
          [1, 9],
          [2, 9],
        ],
      })
      const child = { type: 'workflow', config: { workflow: 'leaf' }, input: { n: '$item' } }
      expect((await run(inner(child))).output).toEqual({ m: [{ t: 1 }, { t: 2 }] })
      const waits = await start(inner({ type: 'wait_event', config: { event: 'go' } }))
      for (const data of ['a', 'b']) await post(`runs/${waits}/events`, { name: 'go', data })
      const { m = [] } = (await ended(waits)).output as { m?: string[] }
      expect(m).toEqual(['a', 'a'])
      const id = await start(inner({ type: 'approval', input: '$item' }))
      for (const index of [1, 0]) {
        await eventually(async () => (await read(id)).steps.filter((step) => step.status === 'waiting').length >= 2)
        const path = `runs/${id}/steps/${encodeURIComponent(`m[${index}]`)}/approve`
        await eventually(async () => (await post(path, { data: index })).status === 200)
      }
      expect((await ended(id)).output).toEqual({ m: [0, 1] })
    })

    test('that takes too long fails, and its items are abandoned', async () => {
      const inner = (step: object) => ({ type: 'map', config: { items: [1, 2], concurrency: 1, step } })
      const done = await run({
        name: 'slow-map',
        steps: [
          {
            id: 'm',
            type: 'map',
            timeout_seconds: 0.3,
            config: { items: [1, 2], concurrency: 1, step: inner({ type: 'approval' }) },
          },
        ],
      } as DefinitionInput)
      expect(done.error).toMatchObject({ code: 'timeout' })
      expect(done.steps.map(({ step_id: id, status }) => [id, status])).toEqual([
        ['m', 'failed'],
        ['m[0]', 'cancelled'],
        ['m[1]', 'cancelled'],
        ['m[0][0]', 'cancelled'],
        ['m[0][1]', 'cancelled'],
      ])
      expect((await api.call<{ items: Approval[] }>(`approvals?run=${done.id}`)).body.items).toMatchObject([
        { status: 'void' },
      ])
    })

    test('that takes too long has failed of that, also where its process died once the items were abandoned', async () => {
      const id = await start(map({ items: [1, 2], step: { type: 'approval' } }, { timeout_seconds: 1.5 }))
      await eventually(async () => (await read(id)).steps.filter(({ status }) => status === 'waiting').length === 3)
      await api.database.query(
        `UPDATE steps SET status = 'cancelled', completed_at = now(), waiting_for = NULL WHERE run_id = $1 AND item_index IS NOT NULL`,
        [id],
      )
      expect((await ended(id)).error).toMatchObject({ code: 'timeout' })
    })

    test('that takes too long fails while its items keep it busy, and begins no more of them', async () => {
      const items = Array.from({ length: 40 }, (_, index) => index)
      const step = { config: { duration_seconds: 0.25 } }
      const done = await run(map({ items, concurrency: 1, step }, { timeout_seconds: 0.5 }))
      expect(done.error).toMatchObject({ code: 'timeout' })
      const statuses = done.steps.slice(1).map(({ status }) => status)
      expect(statuses.slice(0, 2)).toContain('completed')
      expect(statuses.at(-1)).toBe('cancelled')
    })

    test('that takes too long stops the items under way, and nothing beside it', async () => {
      const slow = { id: 'm', type: 'map', timeout_seconds: 0.3, on_error: 'continue' }
      const id = await start({
        name: 'hung-map',
        steps: [
          { ...slow, config: { items: [1, 2], step: { config: { duration_seconds: 600 } } } },
          { id: 'beside', config: { duration_seconds: 2 } },
          { id: 'behind', type: 'join', depends_on: ['m'] },
        ],
      } as DefinitionInput)
      const done = await ended(id)
      expect(done.steps.map(({ step_id: step, status }) => [step, status])).toEqual([
        ['m', 'failed'],
        ['beside', 'completed'],
        ['behind', 'completed'],
        ['m[0]', 'cancelled'],
        ['m[1]', 'cancelled'],
      ])
    })

    test('with hundreds of items and a limit runs each once', async () => {
      const items = Array.from({ length: 300 }, (_, index) => index)
      const id = await start(map({ items, concurrency: 20, step: { type: 'transform', config: { output: '$item' } } }))
      const done = await eventually(
        async () => {
          const now = await read(id)
          return now.status === 'completed' && now
        },
        { timeoutMs: 80_000, everyMs: 200 },
      )
      expect(done.output).toEqual({ m: items })
    }, 90_000)
  })

  describe('a child run', () => {
    test('is cancelled where another step stops its parent, whose step is skipped then; a retry begins another', async () => {
      const child = { name: 'asks-on', steps: [{ id: 'ask', type: 'approval' }] }
      await api.call('workflows', { body: child })
      const kid = { type: 'workflow', config: { workflow: 'asks-on' } }
      const id = await start({
        name: 'stopped-parent',
        steps: [
          { id: 'kid', ...kid },
          { id: 'kids', type: 'map', config: { items: [1, 2], concurrency: 1, step: kid } },
          { id: 'f', type: 'fail_times', config: { duration_seconds: 0.8 }, input: { times: 1, permanent: true } },
        ],
      })
      const stopped = await ended(id)
      expect(stopped).toMatchObject({ status: 'failed', error: { step_id: 'f' } })
      expect(stopped.steps.map(({ step_id: step, status }) => [step, status])).toEqual([
        ['kid', 'skipped'],
        ['kids', 'skipped'],
        ['f', 'failed'],
        ['kids[0]', 'skipped'],
        ['kids[1]', 'skipped'],
      ])
      const childRuns = async () =>
        (await api.call<{ items: Run[] }>('runs?workflow=asks-on')).body.items
          .filter((run) => run.parent_run_id === id)
          .map(({ status }) => status)
      expect(await childRuns()).toEqual(['cancelled', 'cancelled'])
      await api.call(`runs/${id}/retry`, { method: 'POST' })
      await eventually(async () => (await childRuns()).filter((status) => status === 'waiting').length === 2)
      await api.call(`runs/${id}/cancel`, { method: 'POST' })
      await until(id, 'cancelled')
    })

    test('is linked both ways, gets the input, and gives its output', async () => {
      await run({ name: 'child', steps: [{ id: 't', type: 'transform', config: { output: '$input.n' } }] })
      const parent = await run({
        name: 'parent',
        steps: [{ id: 'c', type: 'workflow', config: { workflow: 'child' }, input: { n: 4 } }],
      })
      expect(parent).toMatchObject({ status: 'completed', output: { c: { t: 4 } } })
      const child = await read(stepOf(parent, 'c').child_run_id!)
      expect(child).toMatchObject({ status: 'completed', parent_run_id: parent.id })
    })

    test('that fails fails its step; one that cannot start, too', async () => {
      const bad = { id: 'x', config: { duration_seconds: 0, fail_probability: 1 } }
      await run({ name: 'bad-child', input_schema: { type: 'object', required: ['n'] }, steps: [bad] }, { n: 1 })
      const of = (workflow: string, input: unknown): DefinitionInput =>
        ({
          name: 'parent-of-bad',
          steps: [{ id: 'c', type: 'workflow', config: { workflow }, input }],
        }) as DefinitionInput
      expect((await run(of('bad-child', { n: 1 }))).error).toMatchObject({ code: 'child_failed' })
      expect((await run(of('bad-child', {}))).error?.message).toContain('input_schema: /input/n is required')
      expect((await run(of('bad-child', {}))).error).toMatchObject({ code: 'invalid_input' })
      expect((await run(of('no-such-workflow', {}))).error).toMatchObject({ code: 'unknown_workflow' })
    })
  })

  describe('compensation', () => {
    const saga = (undo: { action: string; input?: { times: number } }): DefinitionInput => ({
      name: 'saga',
      steps: [
        {
          id: 'a',
          type: 'transform',
          config: { output: { n: 1 } },
          compensate: { action: 'echo', input: { undo: '$a.n' } },
          retry: { delay_seconds: 0 },
        },
        {
          id: 'b',
          type: 'transform',
          config: { output: 2 },
          depends_on: ['a'],
          compensate: undo,
          retry: { delay_seconds: 0 },
        },
        { id: 'c', config: { duration_seconds: 0, fail_probability: 1 }, depends_on: ['b'] },
      ],
    })

    test('undoes completed steps in reverse, and the run says that it did', async () => {
      const done = await run(saga({ action: 'echo' }))
      expect(done).toMatchObject({
        status: 'failed',
        compensation: 'completed',
        error: { message: expect.stringContaining('simulated') as string },
      })
      expect(done.steps.slice(3).map((step) => [step.step_id, step.status])).toEqual([
        ['b.compensate', 'completed'],
        ['a.compensate', 'completed'],
      ])
      const undone = await api.call(`runs/${done.id}/steps/a.compensate`)
      expect(undone.body).toMatchObject({ input: { undo: 1 }, parent_step_id: 'a' })
    })

    test('goes on, and the run keeps its error, when the time of the run is up meanwhile', async () => {
      const undo = { action: 'fail_times', input: { times: 2 } }
      const done = await run({
        name: 'late-undo',
        timeout_seconds: 2,
        steps: [
          { id: 'a', config: { duration_seconds: 0 }, compensate: undo, retry: { delay_seconds: 2 } },
          { id: 'b', config: { duration_seconds: 0, fail_probability: 1 }, depends_on: ['a'] },
        ],
      })
      expect(done).toMatchObject({
        status: 'failed',
        compensation: 'completed',
        error: { message: expect.stringContaining('simulated') as string },
      })
    })

    test('of an item reads the item, its place and the output of the item, also of a map that failed', async () => {
      const inner = (output: unknown, undo: unknown) => ({
        type: 'transform',
        config: { output },
        compensate: { action: 'echo', input: undo },
      })
      const undo = {
        item: '$item',
        index: '$index',
        own: '$m.n',
        sum: '${{ steps.m.output.n + index }}',
        all: '$before',
      }
      const fails = (id: string, dependency: string) => ({
        id,
        config: { duration_seconds: 0, fail_probability: 1 },
        depends_on: [dependency],
      })
      const done = await run({
        name: 'saga-of-items',
        steps: [
          { id: 'before', type: 'transform', config: { output: 'b' } },
          {
            id: 'm',
            type: 'map',
            depends_on: ['before'],
            config: { items: [5, 6], step: inner({ n: '$item' }, undo) },
          },
          fails('x', 'm'),
        ],
      } as DefinitionInput)
      expect(done).toMatchObject({ status: 'failed', compensation: 'completed' })
      const undone = await api.call(`runs/${done.id}/steps/${encodeURIComponent('m[1].compensate')}`)
      const input = { item: 6, index: 1, own: 6, sum: 7, all: 'b' }
      expect(undone.body).toMatchObject({ input, output: input, parent_step_id: 'm[1]' })

      const partly = { ...inner({ n: '$item.n' }, undo), config: { output: { n: '$item.n' } } }
      const broken = await run({
        name: 'saga-of-some-items',
        steps: [
          { id: 'before', type: 'transform', config: { output: 'b' } },
          {
            id: 'm',
            type: 'map',
            depends_on: ['before'],
            config: { items: [{ n: 1 }, {}], concurrency: 1, step: partly },
          },
        ],
      } as DefinitionInput)
      expect(broken).toMatchObject({ status: 'failed', compensation: 'completed' })
      expect((await api.call(`runs/${broken.id}/steps/${encodeURIComponent('m[0].compensate')}`)).body).toMatchObject({
        output: { item: { n: 1 }, index: 0, own: 1, sum: 1, all: 'b' },
      })
    })

    test('of an item of a map within a map reads that item', async () => {
      const innermost = {
        type: 'transform',
        config: { output: '$item' },
        compensate: { action: 'echo', input: ['$item', '$index', '$m'] },
      }
      const done = await run({
        name: 'saga-of-a-grid',
        steps: [
          {
            id: 'm',
            type: 'map',
            config: { items: [[1], [2, 3]], step: { type: 'map', config: { items: '$item', step: innermost } } },
          },
          { id: 'x', config: { duration_seconds: 0, fail_probability: 1 }, depends_on: ['m'] },
        ],
      })
      expect(done).toMatchObject({ status: 'failed', compensation: 'completed' })
      const undone = await api.call(`runs/${done.id}/steps/${encodeURIComponent('m[1][1].compensate')}`)
      expect(undone.body).toMatchObject({ output: [3, 1, 3] })
    })

    test('that fails is retried, does not keep the others from running, and shows in the run', async () => {
      const done = await run(saga({ action: 'fail_times', input: { times: 100 } }))
      expect(done).toMatchObject({ status: 'failed', compensation: 'failed', error: { code: 'compensation_failed' } })
      expect(done.steps.slice(3).map((step) => step.status)).toEqual(['failed', 'completed'])
    })
  })
})
