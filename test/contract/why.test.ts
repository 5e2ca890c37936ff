import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { whySchema } from '../../src/api/schemas/explain.ts'
import { Sweep } from '../../src/engine/sweep.ts'
import type { ReasonKind } from '../../src/workflow/reasons.ts'
import { defineAction, z } from '../../workers/action.ts'
import { startApi, type TestApi } from '../support/api.ts'
import { BACKENDS } from '../support/contract.ts'
import { holdAction } from '../support/hold-action.ts'
import { eventually } from '../support/eventually.ts'

const { held, hold: holding } = holdAction()

/** Lets go of a step that `hold` holds; its row may say that it runs a moment before it does. */
async function release(step: string): Promise<void> {
  const letGo = await eventually(() => held.get(step) ?? false, { what: `${step} to be held` })
  letGo()
}

const ACTIONS = [
  holding,
  defineAction({
    name: 'break',
    description: 'Fails',
    input: z.unknown(),
    output: z.null(),
    run: () => Promise.reject(new Error('it broke')),
  }),
]

type Reason = { kind: ReasonKind; text: string } & Record<string, unknown>
interface Why {
  run_id: string
  status: string
  text: string
  reasons: Reason[]
  steps: { step_id: string; status: string; text: string; chain: Reason[] }[]
}

const hold = (id: string, more: object = {}) => ({ id, config: { action: 'hold' }, ...more })
const IN_AN_HOUR = () => new Date(Date.now() + 3_600_000).toISOString()

describe.each(BACKENDS)('on %s', (backend) => {
  let api: TestApi
  beforeAll(async () => {
    api = await startApi(backend, ACTIONS)
    await api.startWorker()
  })
  afterAll(() => api.stop())

  /** Id of a new run. */
  const start = async (definition: object, more: object = {}): Promise<string> => {
    const answer = await api.call<{ id: string }>('runs', { body: { definition, ...more } })
    expect(answer.status).toBe(202)
    return answer.body.id
  }
  const post = (path: string, body?: unknown) =>
    api.call(path, { method: 'POST', ...(body === undefined ? {} : { body }) })
  const why = async (id: string): Promise<Why> => {
    const { body } = await api.call<Why>(`runs/${id}/why`)
    // As the OpenAPI document says, nothing less and nothing more.
    expect(whySchema.parse(body)).toEqual(body)
    return body
  }
  const chainOf = (answer: Why, stepId: string): Reason[] =>
    answer.steps.find((step) => step.step_id === stepId)?.chain ?? []
  /** The answer once the chain of a step ends with that kind. */
  const because = (id: string, stepId: string, kind: ReasonKind, timeoutMs = 60_000): Promise<Why> =>
    eventually(
      async () => {
        const answer = await why(id)
        if (chainOf(answer, stepId).at(-1)?.kind === kind) return answer
        throw new Error(JSON.stringify(answer))
      },
      { what: `step ${stepId} to wait because of ${kind}`, timeoutMs },
    )

  test('an approval: who may give it, how many must, who has, and until when', async () => {
    const id = await start({
      name: `asks-${backend}`,
      steps: [
        { id: 'ask', type: 'approval', config: { approvers: ['ann', 'bob', 'cid'], quorum: 2, timeout_seconds: 600 } },
        { id: 'pay', config: { duration_seconds: 0 }, depends_on: ['ask'] },
        { id: 'ship', config: { duration_seconds: 0 }, depends_on: ['pay'] },
      ],
    })
    await because(id, 'ask', 'approval')
    await post(`runs/${id}/steps/ask/approve`, { by: 'bob' })
    const answer = await because(id, 'ask', 'approval')
    const approval = {
      kind: 'approval',
      approvers: ['ann', 'bob', 'cid'],
      quorum: 2,
      approved_by: ['bob'],
      approval_id: expect.any(String) as string,
      expires_at: expect.stringMatching(/Z$/) as string,
      text: expect.stringContaining('2 approvals by ann, bob or cid; approved so far by bob, until') as string,
    }
    expect(chainOf(answer, 'ask')).toEqual([approval])
    expect(chainOf(answer, 'ship')).toMatchObject([
      { kind: 'step', step_id: 'pay', status: 'pending', text: 'Step ship waits for step pay, which is pending.' },
      { kind: 'step', step_id: 'ask', status: 'waiting' },
      approval,
    ])
    expect(answer.steps.map((step) => [step.step_id, step.status])).toEqual([
      ['ask', 'waiting'],
      ['pay', 'pending'],
      ['ship', 'pending'],
    ])
    expect(answer).toMatchObject({
      run_id: id,
      reasons: [],
      text: expect.stringContaining('3 steps have not settled') as string,
    })
    await post(`runs/${id}/steps/ask/approve`, { by: 'ann' })
    await api.ended(id)
    expect(await why(id)).toEqual({
      run_id: id,
      status: 'completed',
      text: 'The run is completed.',
      reasons: [],
      steps: [],
    })
  })

  test('a timer, an event, a child run', async () => {
    const child = `child-${backend}`
    await api.call('workflows', { body: { name: child, steps: [{ id: 'w', type: 'wait', config: { seconds: 600 } }] } })
    const until = IN_AN_HOUR()
    const id = await start({
      name: `parked-${backend}`,
      steps: [
        { id: 't', type: 'wait', config: { until } },
        { id: 'e', type: 'wait_event', config: { event: 'paid', match: 'event.data.n > 1' } },
        { id: 'c', type: 'workflow', config: { workflow: child } },
        { id: 'all', depends_on: ['t', 'e', 'c'] },
      ],
    })
    const answer = await eventually(async () => {
      const now = await why(id)
      return chainOf(now, 'c').at(-1)?.['status'] === 'waiting' && now
    })
    expect(chainOf(answer, 't')).toMatchObject([{ kind: 'timer', until }])
    expect(chainOf(answer, 'e')).toMatchObject([
      { kind: 'event', name: 'paid', match: 'event.data.n > 1', expires_at: null },
    ])
    const [{ run_id: childId, ...reason }] = chainOf(answer, 'c') as [Reason]
    expect(reason).toMatchObject({ kind: 'run', status: 'waiting' })
    // What the clock brings comes by itself: the chain follows the event.
    expect(chainOf(answer, 'all').map((each) => each.kind)).toEqual(['step', 'event'])
    expect(chainOf(await why(String(childId)), 'w')).toMatchObject([{ kind: 'timer' }])
    await post(`runs/${id}/cancel`)
  })

  test('the items of a map: how many, and why the first of them waits', async () => {
    const step = { type: 'approval', config: { approvers: ['ann'] } }
    const id = await start({
      name: `map-${backend}`,
      steps: [
        { id: 'm', type: 'map', config: { items: [1, 2, 3], concurrency: 1, step } },
        { id: 'after', depends_on: ['m'] },
      ],
    })
    const answer = await because(id, 'm[0]', 'approval')
    expect(chainOf(answer, 'after')).toMatchObject([
      { kind: 'step', step_id: 'm' },
      { kind: 'items', total: 3, settled: 0, running: 0, failed: 0, concurrency: 1 },
      { kind: 'step', step_id: 'm[0]' },
      { kind: 'approval', approvers: ['ann'] },
    ])
    expect(chainOf(answer, 'm[2]')).toMatchObject([
      { kind: 'items', text: expect.stringContaining('waits for its turn') as string },
    ])
    await post(`runs/${id}/cancel`)
  })

  test('a step that runs, and one that is tried again', async () => {
    const id = await start({
      name: `works-${backend}`,
      on_failure: 'finish',
      steps: [
        hold('h'),
        { id: 'r', config: { action: 'break', max_retries: 3 }, retry: { delay_seconds: 600, max_delay_seconds: 600 } },
      ],
    })
    await because(id, 'r', 'retry')
    const answer = await because(id, 'h', 'running')
    expect(chainOf(answer, 'h')).toMatchObject([
      {
        kind: 'running',
        worker: expect.stringMatching(/:\d+$/) as string,
        attempt: 1,
        since: expect.any(String) as string,
      },
    ])
    expect(chainOf(answer, 'r')).toMatchObject([
      { kind: 'retry', attempt: 1, error: 'it broke', at: expect.any(String) as string },
    ])
    await release(`${id}.h`)
    await post(`runs/${id}/cancel`)
  })

  test('a run that is held back until a time, or for a slot', async () => {
    const at = IN_AN_HOUR()
    const later = await start({ name: `later-${backend}`, steps: [hold('h')] }, { start_at: at })
    const notYet = await why(later)
    expect(notYet).toMatchObject({
      status: 'queued',
      text: expect.stringContaining(at) as string,
      reasons: [{ kind: 'start', at }],
    })
    expect(chainOf(notYet, 'h')).toMatchObject([{ kind: 'start', at }])
    const definition = {
      name: `slots-${backend}`,
      concurrency: { limit: 1, key: '$input.customer' },
      steps: [hold('h'), { id: 'after', depends_on: ['h'] }],
    }
    const [first, second, third] = [
      await start(definition, { input: { customer: 'ann' } }),
      await start(definition, { input: { customer: 'ann' } }),
      await start(definition, { input: { customer: 'ann' } }),
    ]
    await because(first, 'h', 'running')
    const slot = { kind: 'slot', key: 'ann', limit: 1, held_by: [first] }
    expect(await why(second)).toMatchObject({ reasons: [{ ...slot, ahead: 0 }] })
    expect(chainOf(await why(third), 'after')).toMatchObject([
      { kind: 'step', step_id: 'h' },
      { ...slot, ahead: 1 },
    ])
    for (const id of [third, second, first, later]) await post(`runs/${id}/cancel`)
    await release(`${first}.h`)
  })

  test('a run that is paused, and one that is being cancelled', async () => {
    const paused = await start({
      name: `paused-${backend}`,
      steps: [hold('h'), { id: 't', type: 'wait', config: { seconds: 600 } }, { id: 'after', depends_on: ['h'] }],
    })
    await because(paused, 'h', 'running')
    await because(paused, 't', 'timer')
    await post(`runs/${paused}/pause`)
    const now = await why(paused)
    expect(now).toMatchObject({ status: 'paused', reasons: [{ kind: 'paused' }] })
    expect(chainOf(now, 'h')).toMatchObject([{ kind: 'running' }])
    expect(chainOf(now, 't')).toMatchObject([{ kind: 'timer' }, { kind: 'paused' }])
    await release(`${paused}.h`)
    expect(chainOf(await because(paused, 'after', 'paused'), 'after')).toHaveLength(1)
    await post(`runs/${paused}/cancel`)
  })

  test('a worker: none that is alive serves the queue, or offers the action', async () => {
    const id = await start({
      name: `nobody-${backend}`,
      steps: [
        { id: 'a', queue: 'gpu' },
        { id: 'b', depends_on: ['a'] },
      ],
    })
    const answer = await because(id, 'a', 'worker')
    expect(chainOf(answer, 'a')).toMatchObject([
      {
        kind: 'worker',
        queue: 'gpu',
        alive: 0,
        busy: 0,
        text: 'Step a waits for a worker of queue gpu: none is alive.',
      },
    ])
    await post(`runs/${id}/cancel`)
  })

  test('a worker: the one that is alive is busy', async () => {
    const worker = await api.startWorker({ queues: ['narrow'], concurrency: 1 })
    const id = await start({
      name: `busy-${backend}`,
      steps: [hold('h', { queue: 'narrow' }), hold('i', { queue: 'narrow' })],
    })
    const answer = await eventually(async () => {
      const now = await why(id)
      const busy = now.steps.find((step) => step.chain.at(-1)?.['busy'] === 1)
      return busy !== undefined && now.steps.some((step) => step.status === 'running') && busy
    })
    expect(answer.chain).toMatchObject([{ kind: 'worker', queue: 'narrow', alive: 1, busy: 1 }])
    expect(answer.text).toContain('the one that is alive is busy')
    await post(`runs/${id}/cancel`)
    for (const step of ['h', 'i']) held.get(`${id}.${step}`)?.()
    await api.ended(id)
    await worker.stop()
  })

  test('a queue that somebody has paused, and one that the run is still to be brought to', async () => {
    const paused = api.engine.queue.stepQueue('halted')
    await paused.pause()
    const id = await start({ name: `halted-${backend}`, steps: [{ id: 'a', queue: 'halted' }] })
    // Before, for a moment, the queue is what it waits for because the run is still to be brought there.
    await eventually(async () =>
      expect(chainOf(await why(id), 'a')).toMatchObject([
        { kind: 'queue', text: 'Queue halted has been paused, so step a is not taken.' },
      ]),
    )
    await paused.resume()
    const add = vi.spyOn(api.engine.queue, 'addFlows').mockRejectedValue(new Error('the queue is full'))
    await api.database.query('UPDATE runs SET queue_token = NULL WHERE id = $1', [id])
    expect(await because(id, 'a', 'queue')).toMatchObject({ reasons: [{ kind: 'queue' }] })
    add.mockRestore()
    await because(id, 'a', 'worker')
    await post(`runs/${id}/cancel`)
  })

  test('compensations are steps, and a step that is being stopped says that its run is cancelled', async () => {
    const undo = (id: string, more: object = {}) => ({
      id,
      type: 'transform',
      config: { output: 1 },
      compensate: { action: 'hold' },
      ...more,
    })
    const id = await start({
      name: `saga-${backend}`,
      steps: [undo('a'), undo('b', { depends_on: ['a'] }), { id: 'c', config: { action: 'break' }, depends_on: ['b'] }],
    })
    await because(id, 'b.compensate', 'running')
    expect(chainOf(await why(id), 'a.compensate')).toMatchObject([
      { kind: 'step', step_id: 'b.compensate', status: 'running' },
      { kind: 'running' },
    ])
    await release(`${id}.b.compensate`)
    await because(id, 'a.compensate', 'running')
    await release(`${id}.a.compensate`)
    await api.ended(id)
    const deaf = await start({ name: `deaf-${backend}`, steps: [hold('h')] })
    await because(deaf, 'h', 'running')
    // The action ignores its signal; until its worker has given it up, the run is being cancelled.
    const answers: Why[] = []
    const cancel = post(`runs/${deaf}/cancel`)
    await eventually(
      async () => {
        answers.push(await why(deaf))
        return answers.at(-1)?.status === 'cancelled'
      },
      { everyMs: 1 },
    )
    await cancel
    for (const answer of answers.filter((each) => each.status === 'cancelling')) {
      expect(answer.reasons[0]?.kind).toBe('cancelling')
      for (const { chain } of answer.steps)
        expect(chain.map((reason) => reason.kind)).toEqual(['running', 'cancelling'])
    }
    await release(`${deaf}.h`)
  })

  test('a step whose worker fell silent is taken over, if there is one to do it', async () => {
    const id = await start({ name: `silent-${backend}`, steps: [{ id: 'a', queue: 'far' }] })
    await because(id, 'a', 'worker')
    await api.database.query(
      "UPDATE steps SET status = 'running', attempt = 1, started_at = now(), worker_id = gen_random_uuid() WHERE run_id = $1",
      [id],
    )
    expect(chainOf(await why(id), 'a')).toMatchObject([
      { kind: 'running', attempt: 1, text: expect.stringContaining('has fallen silent') as string },
      { kind: 'worker', alive: 0 },
    ])
    await post(`runs/${id}/cancel`)
  })

  test('a step that waits for what is gone is woken by the sweep, and the log names it', async () => {
    const id = await start({ name: `gone-${backend}`, steps: [{ id: 'ask', type: 'approval' }] })
    await eventually(async () => {
      const { epoch } = await api.read(id)
      return (await api.engine.queue.stepPresence({ run: id, step: 'ask', epoch }, 'default')) === 'parked'
    })
    const warn = vi.spyOn(api.engine.log, 'warn')
    await api.database.query("UPDATE approvals SET status = 'void' WHERE run_id = $1", [id])
    const answer = await because(id, 'ask', 'approval', 20_000)
    expect(chainOf(answer, 'ask')).toMatchObject([{ approved_by: [] }])
    expect(warn).toHaveBeenCalledWith(
      expect.objectContaining({ run: id, step: 'ask' }),
      expect.stringContaining('nothing explains'),
    )
    warn.mockRestore()
    await post(`runs/${id}/steps/ask/approve`)
    expect((await api.ended(id)).status).toBe('completed')
  })

  test('a run of 10,000 steps is explained in well under a second', async () => {
    const steps = Array.from({ length: 10_000 }, (_, n) => ({
      id: `s${n}`,
      queue: 'none',
      depends_on: n === 0 ? [] : [`s${n - 1}`],
    }))
    const id = await start({ name: `large-${backend}`, steps }, { start_at: IN_AN_HOUR() })
    await why(id)
    const before = process.cpuUsage()
    const { body: answer } = await api.call<Why>(`runs/${id}/why`)
    const spent = process.cpuUsage(before)
    expect((spent.user + spent.system) / 1_000).toBeLessThan(1_000)
    expect(answer.steps).toHaveLength(10_000)
    expect(chainOf(answer, 's9999').map((reason) => reason.kind)).toEqual([...Array<string>(4).fill('step'), 'start'])
    await post(`runs/${id}/cancel`)
  })

  test('a run that nothing explains is dispatched anew, and the log names it', async () => {
    const sweep = vi.spyOn(Sweep.prototype, 'nextRuns').mockResolvedValue({ looked: 0, redispatched: 0 })
    const id = await start({
      name: `lost-${backend}`,
      steps: [
        { id: 'a', queue: 'tpu' },
        { id: 'b', depends_on: ['a'] },
      ],
    })
    await because(id, 'a', 'worker')
    await api.engine.queue.stepQueue('tpu').obliterate({ force: true })
    const answer = await because(id, 'b', 'unexplained')
    expect(chainOf(answer, 'b')).toMatchObject([{ kind: 'step', step_id: 'a' }, { kind: 'unexplained' }])
    const warn = vi.spyOn(api.engine.log, 'warn')
    sweep.mockRestore()
    await because(id, 'b', 'worker')
    expect(warn).toHaveBeenCalledWith(
      expect.objectContaining({ run: id, step: 'a' }),
      expect.stringContaining('nothing explains'),
    )
    warn.mockRestore()
    await api.startWorker({ queues: ['tpu', 'default'] })
    expect((await api.ended(id)).status).toBe('completed')
  })

  test('a run that is not there', async () => {
    expect((await api.call('runs/019aa5b4-8f6e-7b7a-9b0e-0d5f0c7f3a11/why')).status).toBe(404)
    expect((await api.call('runs/none/why')).status).toBe(404)
  })
})
