import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunView } from '../../src/api/schemas/run.ts'
import type { StepView } from '../../src/api/schemas/step.ts'
import { readRuns } from '../../src/api/stream/run-reading.ts'
import { defineAction, z } from '../../workers/action.ts'
import { startApi, type TestApi } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { BACKENDS } from '../support/contract.ts'
import { openSocket, openStream, type RunMessage } from '../support/streams.ts'

const chatty = defineAction({
  name: 'chatty',
  description: 'Logs',
  input: z.object({ lines: z.int() }),
  output: z.null(),
  run: ({ input, log }) => {
    for (let line = 1; line <= input.lines; line += 1) log.info(`line ${line}`)
    return Promise.resolve(null)
  },
})

const gate = (id: string, rest: object = {}) => ({ id, type: 'wait_event', config: { event: id }, ...rest })
const quick = (id: string, ...dependsOn: string[]) => ({ id, config: { duration_seconds: 0 }, depends_on: dependsOn })

/** What is known of a run after some messages. */
function fold(messages: readonly RunMessage[]): RunView {
  let run: RunView | undefined
  for (const { event, data } of messages) {
    if (event === 'run' || event === 'end') run = structuredClone(data)
    if (event === 'step' && run !== undefined) {
      const at = run.steps.findIndex((step) => step.step_id === data.step_id)
      if (at === -1) run.steps.push(data)
      else run.steps[at] = data
    }
  }
  if (run === undefined) throw new Error('no run was told')
  return run
}

const statuses = (messages: readonly RunMessage[], stepId: string) =>
  messages.flatMap(({ event, data }) => (event === 'step' && data.step_id === stepId ? data.status : []))
/** Whether a message tells that a step is in a status. */
const isStep = (id: string, status: StepView['status']) => (message: RunMessage) => {
  if (message.event === 'log') return false
  const steps = message.event === 'step' ? [message.data] : message.data.steps
  return steps.some((step) => step.step_id === id && step.status === status)
}
/** What lists log lines. */
interface Page {
  items: { id: number }[]
}
const isEvent = (event: string) => (message: RunMessage) => message.event === event

describe.each(BACKENDS)('streams of a run on %s', (backend) => {
  let api: TestApi
  beforeAll(async () => {
    api = await startApi(backend, [chatty], { keepAliveMs: 100 })
    await api.startWorker()
  })
  afterAll(() => api.stop())

  const start = async (steps: object[], rest: object = {}): Promise<string> => {
    const { status, body } = await api.call<RunView>('runs', {
      body: { definition: { name: uuidv7(), steps, ...rest } },
    })
    expect([status, body]).toMatchObject([202, {}])
    return body.id
  }
  const send = (id: string, name: string) => api.call(`runs/${id}/events`, { body: { name } })
  const stream = (id: string, query = '', headers = {}) =>
    openStream(`${api.url}/api/v1/runs/${id}/stream${query}`, headers)
  const read = async (id: string) => (await api.call<RunView>(`runs/${id}`)).body

  it('the whole run comes first, then what changes, then the end', async () => {
    const id = await start([gate('go'), quick('work', 'go')])
    const watched = await stream(id)
    expect(watched.headers.get('content-type')).toContain('text/event-stream')
    await watched.until(isEvent('run'))
    expect(watched.messages[0]).toMatchObject({
      event: 'run',
      data: { id, steps: [{ step_id: 'go' }, { step_id: 'work' }] },
    })
    await watched.until(isStep('go', 'waiting'))
    await send(id, 'go')
    await watched.until(isStep('go', 'completed'))
    await watched.until(isEvent('end'))
    await watched.closed()
    expect(statuses(watched.messages, 'work').at(-1)).toBe('completed')
    expect(watched.messages.at(-1)).toEqual({ event: 'end', data: await read(id) })
    expect(watched.messages.filter(isEvent('end'))).toHaveLength(1)
  })

  it('of a run that has ended all steps are read, whichever were known to have changed', async () => {
    const id = await start([quick('a'), quick('b', 'a')])
    await api.ended(id)
    const readings = await readRuns(api.engine.db, [{ runId: id, steps: [0], completedAt: null }])
    expect(readings.get(id)).toMatchObject({
      isWhole: true,
      state: { steps: [{ status: 'completed' }, { status: 'completed' }] },
    })
  })

  it('a run that has ended is told whole, and the stream closes', async () => {
    const id = await start([quick('a')])
    await api.ended(id)
    const watched = await stream(id)
    await watched.closed()
    const run = await read(id)
    expect(watched.messages).toEqual([
      { event: 'run', data: run },
      { event: 'end', data: run },
    ])
  })

  it('a run that there is not is a problem', async () => {
    for (const id of [uuidv7(), 'nonsense']) {
      const { status, body } = await api.call<{ detail: string }>(`runs/${id}/stream`)
      expect([status, body.detail]).toEqual([404, `There is no run "${id}".`])
    }
    const { status } = await api.call(`runs/${uuidv7()}/stream?logs=yes`)
    expect(status).toBe(422)
  })

  it('what the messages add up to is what the run is, with items, compensations and child runs', async () => {
    await api.call('workflows', { body: { name: `child-${backend}`, steps: [quick('inner')] } })
    const id = await start([
      gate('go'),
      { ...quick('paid', 'go'), compensate: { action: 'echo' } },
      {
        id: 'each',
        type: 'map',
        depends_on: ['go'],
        config: { items: [1, 2, 3], step: { type: 'task', config: { duration_seconds: 0 } } },
      },
      { id: 'below', type: 'workflow', depends_on: ['each'], config: { workflow: `child-${backend}` } },
      { id: 'last', type: 'fail_times', depends_on: ['below'], input: { times: 5 }, config: { max_retries: 0 } },
    ])
    const watched = await stream(id)
    await watched.until(isStep('go', 'waiting'))
    await send(id, 'go')
    await watched.until(isEvent('end'))
    const run = await read(id)
    const told = watched.messages.filter(({ event }) => event !== 'end')
    expect(fold(told).steps).toEqual(run.steps)
    expect(run.status).toBe('failed')
    expect(statuses(watched.messages, 'each[2]')).toContain('completed')
    expect(statuses(watched.messages, 'paid.compensate')).toContain('completed')
    expect(run.steps.find((step) => step.step_id === 'below')?.child_run_id).not.toBe(null)
  })

  it('controls are told: pause, resume, cancel', async () => {
    const id = await start([gate('go'), quick('after', 'go')])
    const watched = await stream(id)
    await watched.until(isStep('go', 'waiting'))
    for (const [verb, status] of [
      ['pause', 'paused'],
      ['resume', 'running'],
    ] as const) {
      expect((await api.call(`runs/${id}/${verb}`, { method: 'POST' })).status).toBe(202)
      await watched.until(({ event, data }) => event === 'run' && data.status === status)
    }
    expect((await api.call(`runs/${id}/cancel`, { method: 'POST' })).status).toBe(202)
    await watched.until(({ event, data }) => event === 'end' && data.status === 'cancelled')
  })

  it('log lines come when asked for, each once, and all before the end', async () => {
    const id = await start([
      { id: 'one', type: 'chatty', input: { lines: 3 } },
      gate('go', { depends_on: ['one'] }),
      { id: 'two', type: 'chatty', input: { lines: 700 }, depends_on: ['go'] },
    ])
    const [plain, watched, again] = await Promise.all([stream(id), stream(id, '?logs=1'), stream(id, '?logs=1')])
    await watched.until(isStep('go', 'waiting'))
    again.close()
    await send(id, 'go')
    await watched.closed()
    const lines = watched.messages.flatMap(({ event, data }) =>
      event === 'log' ? `${data.step_id} ${data.message}` : [],
    )
    expect(lines.filter((line) => line.startsWith('one'))).toEqual(['one line 1', 'one line 2', 'one line 3'])
    expect(lines.filter((line) => line.startsWith('two'))).toHaveLength(700)
    expect(new Set(lines).size).toBe(703)
    expect(watched.messages.at(-1)?.event).toBe('end')
    expect(plain.messages.filter(isEvent('log'))).toEqual([])

    const ids = watched.messages.flatMap((message) => (message.event === 'log' ? [message.data.id] : []))
    const rest = await stream(id, '?logs=1', { 'last-event-id': String(ids[600]) })
    await rest.closed()
    expect(rest.messages.filter(isEvent('log'))).toHaveLength(102)
    const whole = await stream(id, '?logs=1')
    await whole.closed()
    expect(whole.messages.filter(isEvent('log'))).toHaveLength(703)
  })

  it('a log line comes although it was committed after one that was written later, and is known', async () => {
    const id = await start([{ id: 'one', type: 'chatty', input: { lines: 1 } }, gate('go', { depends_on: ['one'] })])
    const first = await eventually(async () => (await api.call<Page>(`runs/${id}/logs`)).body.items[0] ?? false)
    const insert = `INSERT INTO step_logs (run_id, step_index, attempt, at, level, message)
      SELECT run_id, step_index, attempt, at, level, $2 FROM step_logs WHERE id = $1 RETURNING id::int`
    const { pool } = api.engine.db
    const slow = await pool.connect()
    try {
      await slow.query('BEGIN')
      await slow.query(insert, [first.id, 'slow'])
      const { rows } = await pool.query<{ id: number }>(insert, [first.id, 'fast'])
      const watched = await stream(id, `?logs=1&after=${rows[0]?.id}`)
      await watched.until(isEvent('run'))
      await slow.query('COMMIT')
      api.engine.changes.logs([id])
      expect(await watched.until(isEvent('log'))).toMatchObject({ data: { message: 'slow' } })
      watched.close()
    } finally {
      slow.release()
    }
  })

  it('comments keep a quiet stream awake', async () => {
    const watched = await stream(await start([gate('go')]))
    await eventually(() => watched.comments.length >= 3)
    expect(watched.comments[0]).toBe('keep-alive')
    watched.close()
  })

  describe('over a WebSocket', () => {
    const socket = (id: string, query = '', headers = {}) =>
      openSocket(`${api.url}/api/v1/ws/runs/${id}${query}`, headers)

    it('the messages are the same', async () => {
      const id = await start([gate('go'), { id: 'two', type: 'chatty', input: { lines: 2 }, depends_on: ['go'] }])
      const watched = await socket(id, '?logs=1')
      await watched.until(isStep('go', 'waiting'))
      await send(id, 'go')
      await watched.closed()
      expect(watched.code()).toBe(1000)
      expect(watched.messages[0]?.event).toBe('run')
      expect(watched.messages.filter(isEvent('log'))).toHaveLength(2)
      expect(statuses(watched.messages, 'two').at(-1)).toBe('completed')
      expect(watched.messages.at(-1)).toEqual({ event: 'end', data: await read(id) })
    })

    it('pings keep it awake', async () => {
      const watched = await socket(await start([gate('go')]))
      await eventually(() => watched.comments.length >= 4)
      expect(watched.isClosed).toBe(false)
      watched.close()
    })

    it('a run that there is not, and a page of another site, are refused', async () => {
      const unknown = await socket(uuidv7())
      expect(unknown.status).toBe(404)
      expect(await unknown.refusal()).toMatchObject({ type: 'urn:sluice:problem:not_found', status: 404 })
      const id = await start([gate('go')])
      expect((await socket(id, '', { origin: 'https://elsewhere.example' })).status).toBe(403)
      const wrong = await socket(id, '?logs=2')
      expect(await wrong.refusal()).toMatchObject({ status: 422, errors: [{ path: '/logs' }] })
      const own = await socket(id, '', { origin: api.url })
      expect(own.status).toBe(101)
      own.close()
      expect((await api.call(`ws/runs/${id}`)).status).toBe(400)
    })
  })
})
