import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { retryRun } from '../../src/engine/retry-run.ts'
import { defineAction, z } from '../../workers/action.ts'
import { startApi, type TestApi } from '../support/api.ts'
import type { Problem } from '../support/api-shapes.ts'
import { BACKENDS } from '../support/contract.ts'
import { eventually, throughout } from '../support/eventually.ts'
import { stepOf } from '../support/run-record.ts'
import { noop } from '../support/shapes.ts'

interface Signal {
  stop: () => void
}
/** What the actions below have seen, by idempotency key. */
const aborted = new Set<string>()
const begun = new Map<string, Signal>()
const failing = new Set<string>()

const ACTIONS = [
  defineAction({
    name: 'hang',
    description: 'Goes on until its signal fires',
    input: z.unknown(),
    output: z.null(),
    run: ({ signal, idempotencyKey }) =>
      new Promise<null>((resolve, reject) => {
        begun.set(idempotencyKey, { stop: () => resolve(null) })
        signal.addEventListener('abort', () => {
          aborted.add(idempotencyKey)
          reject(new Error('stopped'))
        })
      }),
  }),
  defineAction({
    name: 'ignore',
    description: 'Goes on whatever its signal says',
    input: z.unknown(),
    output: z.null(),
    run: ({ idempotencyKey }) =>
      new Promise<null>((resolve) => begun.set(idempotencyKey, { stop: () => resolve(null) })),
  }),
  defineAction({
    name: 'moody',
    description: 'Fails while its workflow is among those that fail',
    input: z.unknown(),
    output: z.object({ attempt: z.number() }),
    run: async ({ workflow, attempt }) => {
      if (failing.has(workflow)) throw new Error('not today')
      return { attempt }
    },
  }),
]

interface Run {
  id: string
  status: string
  rerun_of: string | null
  input: unknown
  tags: string[]
  error: { message: string; code: string | null } | null
  steps: { step_id: string; status: string; reason: string | null }[]
}

describe.each(BACKENDS)('on %s', (backend) => {
  let api: TestApi
  beforeAll(async () => {
    api = await startApi(backend, ACTIONS)
    await api.startWorker()
  })
  afterAll(() => api.stop())

  const start = async (definition: Record<string, unknown>, more: Record<string, unknown> = {}): Promise<string> => {
    const { status, body } = await api.call<Run>('runs', { body: { definition, ...more } })
    expect([status, body]).toMatchObject([202, {}])
    return body.id
  }
  const post = (run: string, verb: string, body?: unknown) =>
    api.call<Run & Problem>(`runs/${run}/${verb}`, { method: 'POST', ...(body === undefined ? {} : { body }) })
  const stepIs = (run: string, step: string, status: string) =>
    eventually(async () => stepOf(await api.read(run), step).status === status, { what: `${step} to be ${status}` })
  const isBegun = (run: string, step: string) =>
    eventually(() => begun.get(`${run}.${step}`) ?? false, { what: `${step} to begin` })
  /** What began, once: the next look waits until the step begins again. */
  const taken = async (run: string, step: string) => {
    const signal = await isBegun(run, step)
    begun.delete(`${run}.${step}`)
    return signal
  }
  const childOf = (run: string) =>
    eventually(async () => {
      const [row] = await api.database.query<{ id: string }>('SELECT id FROM runs WHERE parent_run_id = $1', [run])
      return row?.id ?? false
    })
  const task = (id: string, action: string, dependencies: string[] = []) => ({
    id,
    config: { action },
    depends_on: dependencies,
  })

  test('a cancelled run with 1,000 pending steps ends soon, and its running action is told', async () => {
    const pending = Array.from({ length: 1_000 }, (_, n) => noop(`s${n}`, ['first']))
    const id = await start({ name: `many-${backend}`, steps: [task('first', 'hang'), ...pending] })
    await isBegun(id, 'first')
    await stepIs(id, 'first', 'running')
    const { status, body } = await post(id, 'cancel')
    expect(status).toBe(202)
    // The run as it is when the answer is written.
    expect(body.status).toMatch(/^cancell(ing|ed)$/)
    const run = await api.ended(id, { timeoutMs: 10_000 })
    expect(run.status).toBe('cancelled')
    expect(aborted).toContain(`${id}.first`)
    expect(stepOf(run, 's999')).toMatchObject({ status: 'cancelled', reason: 'the run was cancelled', attempt: 0 })
    expect((await api.call(`runs/${id}/steps/first`)).body).toMatchObject({
      status: 'cancelled',
      attempts: [{ attempt: 1, status: 'cancelled' }],
    })
    const again = await post(id, 'cancel')
    expect(again).toMatchObject({ status: 409, body: { state: 'cancelled' } })
    expect(again.body.detail).toContain('is cancelled')
  })

  test('an action that ignores its signal is abandoned, and what it returns later changes nothing', async () => {
    const id = await start({
      name: `deaf-${backend}`,
      steps: [task('before', 'moody'), task('deaf', 'ignore', ['before'])],
    })
    const { stop } = await isBegun(id, 'deaf')
    expect((await post(id, 'cancel')).status).toBe(202)
    const run = await api.ended(id)
    expect(stepOf(run, 'before')).toMatchObject({ status: 'completed', output: { attempt: 1 } })
    stop()
    await throughout(300, async () => expect(stepOf(await api.read(id), 'deaf').status).toBe('cancelled'))
  })

  test('a run that waits is cancelled with its child run', async () => {
    const child = `child-${backend}`
    await api.call('workflows', { body: { name: child, steps: [{ id: 'w', type: 'wait', config: { seconds: 600 } }] } })
    const id = await start({
      name: `parent-${backend}`,
      steps: [
        { id: 'c', type: 'workflow', config: { workflow: child } },
        { id: 'w', type: 'wait', config: { seconds: 600 } },
      ],
    })
    const childId = await eventually(async () => {
      const [row] = await api.database.query<{ id: string }>(
        "SELECT r.id FROM runs r JOIN steps s ON s.run_id = r.id WHERE r.parent_run_id = $1 AND s.status = 'waiting'",
        [id],
      )
      return row?.id ?? false
    })
    expect((await post(id, 'cancel')).status).toBe(202)
    expect((await api.ended(id)).status).toBe('cancelled')
    expect((await api.ended(childId)).status).toBe('cancelled')
  })

  test('a paused run finishes what runs and starts nothing; resumed, it goes on', async () => {
    const id = await start({ name: `paused-${backend}`, steps: [task('a', 'hang'), noop('b', ['a'])] })
    const { stop } = await isBegun(id, 'a')
    await stepIs(id, 'a', 'running')
    expect((await post(id, 'resume')).body).toMatchObject({ status: 409, state: 'running' })
    expect((await post(id, 'pause')).body.status).toBe('paused')
    expect((await post(id, 'pause')).body).toMatchObject({ status: 409, state: 'paused' })
    stop()
    await stepIs(id, 'a', 'completed')
    await throughout(700, async () => expect(stepOf(await api.read(id), 'b').status).toBe('pending'))
    expect((await post(id, 'resume')).status).toBe(202)
    const run = await api.ended(id)
    expect([run.status, stepOf(run, 'a').attempt]).toEqual(['completed', 1])
  })

  test('a timer that was due during a pause fires when the run is resumed', async () => {
    const id = await start({ name: `timer-${backend}`, steps: [{ id: 'w', type: 'wait', config: { seconds: 1 } }] })
    await stepIs(id, 'w', 'waiting')
    await post(id, 'pause')
    await throughout(1_300, async () => expect(stepOf(await api.read(id), 'w').status).toBe('waiting'))
    await post(id, 'resume')
    expect((await api.ended(id)).status).toBe('completed')
  })

  test('a child run is paused with its parent, and goes on with it', async () => {
    const child = `paused-child-${backend}`
    await api.call('workflows', {
      body: { name: child, steps: [{ id: 'e', type: 'wait_event', config: { event: 'go' } }] },
    })
    const id = await start({
      name: `paused-parent-${backend}`,
      steps: [{ id: 'c', type: 'workflow', config: { workflow: child } }],
    })
    const childId = await childOf(id)
    await stepIs(childId, 'e', 'waiting')
    expect((await post(id, 'pause')).status).toBe(202)
    expect((await api.read(childId)).status).toBe('paused')
    expect((await post(childId, 'events', { name: 'go' })).status).toBe(202)
    await throughout(500, async () => expect((await api.read(childId)).status).toBe('paused'))
    expect((await post(id, 'resume')).status).toBe(202)
    expect((await api.ended(id)).status).toBe('completed')
    expect((await api.ended(childId)).status).toBe('completed')
  })

  test('an approval is asked anew when a retry changes what it shows, and a decision about the old is refused', async () => {
    interface Shown {
      status: string
      input: unknown
      input_hash: string
    }
    const shown = async (attempt: number): Promise<Shown> =>
      eventually(async () => {
        const { body } = await api.call<{ items: Shown[] }>(`approvals?status=open&run=${id}`)
        return body.items.find((each) => JSON.stringify(each.input) === `{"attempt":${attempt}}`) ?? false
      })
    const id = await start({
      name: `asks-anew-${backend}`,
      steps: [
        task('a', 'moody'),
        { id: 'ask', type: 'approval', input: { attempt: '$a.attempt' }, depends_on: ['a'] },
        noop('b', ['ask']),
      ],
    })
    const first = await shown(1)
    expect((await post(id, 'retry', { from: 'a' })).status).toBe(202)
    const second = await shown(2)
    const refused = await post(id, 'steps/ask/approve', { input_hash: first.input_hash })
    expect(refused.body).toMatchObject({ status: 409, state: 'open' })
    expect((await post(id, 'steps/ask/approve', { input_hash: second.input_hash })).status).toBe(200)
    expect((await api.ended(id)).status).toBe('completed')
    await post(id, 'retry', { from: 'a' })
    await shown(3)
    const { body } = await api.call<{ items: Shown[] }>(`approvals?run=${id}`)
    expect(body.items.map((each) => each.status)).toEqual(['open', 'void', 'void'])
    await post(id, 'cancel')
    await api.ended(id)
  })

  test('a run whose steps have been undone is rerun, not retried', async () => {
    const name = `undone-${backend}`
    failing.add(name)
    const id = await start({
      name,
      steps: [{ ...task('book', 'echo'), compensate: { action: 'echo' } }, task('pay', 'moody', ['book'])],
    })
    expect(await api.ended(id)).toMatchObject({ status: 'failed' })
    const refused = await post(id, 'retry')
    expect(refused.body).toMatchObject({
      status: 409,
      state: 'failed',
      detail: expect.stringContaining('rerun') as string,
    })
    failing.delete(name)
    const { status, body } = await post(id, 'rerun')
    expect(status).toBe(202)
    expect((await api.ended(body.id)).status).toBe('completed')
  })

  test('a failed run that is retried repeats what failed and keeps what completed', async () => {
    const name = `failed-${backend}`
    failing.add(name)
    const id = await start({ name, steps: [noop('a'), task('b', 'moody', ['a']), noop('c', ['b'])] })
    const failed = await api.ended(id)
    expect(stepOf(failed, 'c').status).toBe('skipped')
    failing.delete(name)
    const { status, body } = await post(id, 'retry')
    expect([status, body.error]).toEqual([202, null])
    const run = await api.ended(id)
    expect(run).toMatchObject({ status: 'completed', halted_by: null, error: null })
    expect(stepOf(run, 'b')).toMatchObject({
      attempt: 2,
      output: { attempt: 2 },
      attempts: [{ attempt: 1, status: 'failed' }],
    })
    expect(stepOf(run, 'a')).toEqual(stepOf(failed, 'a'))
    expect((await post(id, 'retry')).body).toMatchObject({ status: 409, state: 'completed' })
  })

  test('a retried run that was paused and resumed before it got a slot again waits for it, and goes on', async () => {
    const name = `slotless-${backend}`
    const definition = { name, concurrency: { limit: 1 }, steps: [task('a', 'moody'), task('b', 'hang', ['a'])] }
    failing.add(name)
    const id = await start(definition)
    expect((await api.ended(id)).status).toBe('failed')
    failing.delete(name)
    const other = await start(definition)
    const holder = await isBegun(other, 'b')
    for (const verb of ['retry', 'pause', 'resume']) expect((await post(id, verb)).status).toBe(202)
    expect((await api.read(id)).status).toBe('queued')
    holder.stop()
    const { stop } = await isBegun(id, 'b')
    stop()
    expect((await api.ended(id)).status).toBe('completed')
  })

  test('an attempt whose time is up before it begins is not executed, and its worker goes on', async () => {
    const name = `late-${backend}`
    failing.add(name)
    const step = { ...task('a', 'moody'), timeout_seconds: 0.001, retry: { delay_seconds: 0 } }
    const id = await start({ name, steps: [{ ...step, config: { ...step.config, max_retries: 5 } }] })
    const run = await api.ended(id)
    expect(run).toMatchObject({ status: 'failed', error: { step_id: 'a' } })
    expect(stepOf(run, 'a').attempts).toHaveLength(6)
    failing.delete(name)
  })

  test('a retry from a step repeats it and all that depends on it, and nothing else', async () => {
    const steps = [task('a', 'moody'), task('b', 'moody', ['a']), task('c', 'moody', ['b']), task('d', 'moody', ['a'])]
    const id = await start({ name: `from-${backend}`, steps })
    const before = await api.ended(id)
    const unknown = await post(id, 'retry', { from: 'bb' })
    expect(unknown).toMatchObject({ status: 422, body: { errors: [{ path: '/from', code: 'unknown_step' }] } })
    expect(unknown.body.detail).toContain('did you mean')
    expect((await post(id, 'retry', { from: 'b' })).status).toBe(202)
    const run = await api.ended(id)
    expect(run.status).toBe('completed')
    expect(stepOf(run, 'd')).toEqual(stepOf(before, 'd'))
    expect(stepOf(run, 'c')).toMatchObject({ attempt: 2, attempts: [{ attempt: 1, status: 'completed' }] })
    expect(stepOf(run, 'b').output).toEqual({ attempt: 2 })
  })

  test('a retry from a step of a running run abandons the attempts that it takes back', async () => {
    const id = await start({ name: `taken-${backend}`, steps: [noop('a'), task('b', 'hang', ['a'])] })
    await isBegun(id, 'b')
    await stepIs(id, 'b', 'running')
    begun.delete(`${id}.b`)
    expect((await post(id, 'retry', { from: 'a' })).status).toBe(202)
    const { stop } = await isBegun(id, 'b')
    await eventually(() => aborted.has(`${id}.b`))
    stop()
    const run = await api.ended(id)
    expect(run.status).toBe('completed')
    expect(stepOf(run, 'b').attempts).toMatchObject([{ attempt: 1, status: 'cancelled' }])
  })

  test('a retry from a step of a paused run lets its child runs go on, too', async () => {
    const child = `kept-child-${backend}`
    await api.call('workflows', {
      body: { name: child, steps: [{ id: 'e', type: 'wait_event', config: { event: 'go' } }] },
    })
    const id = await start({
      name: `kept-parent-${backend}`,
      steps: [{ id: 'c', type: 'workflow', config: { workflow: child } }, noop('other')],
    })
    const childId = await childOf(id)
    await stepIs(childId, 'e', 'waiting')
    await stepIs(id, 'other', 'completed')
    await post(id, 'pause')
    expect((await post(id, 'retry', { from: 'other' })).status).toBe(202)
    expect((await post(childId, 'events', { name: 'go' })).status).toBe(202)
    expect(await api.ended(id)).toMatchObject({ status: 'completed' })
    expect((await api.ended(childId)).status).toBe('completed')
  })

  test('a retry cancels the child runs of what it repeats with the same commit', async () => {
    const child = `dropped-child-${backend}`
    await api.call('workflows', { body: { name: child, steps: [{ id: 'a', type: 'approval' }] } })
    const id = await start({
      name: `dropping-parent-${backend}`,
      steps: [{ id: 'c', type: 'workflow', config: { workflow: child } }],
    })
    const childId = await childOf(id)
    await stepIs(childId, 'a', 'waiting')
    let transactions = 0
    const { db } = api.engine
    const dying: typeof db = {
      ...db,
      transaction: (work, signal) => {
        transactions += 1
        return transactions === 1 ? db.transaction(work, signal) : Promise.reject(new Error('the process has died'))
      },
    }
    await retryRun({ ...api.engine, db: dying }, id, { from: 'c' })
    expect((await api.ended(childId)).status).toBe('cancelled')
  })

  test('a step that had failed more than 50 times is executed when its run is retried', async () => {
    const name = `stubborn-${backend}`
    failing.add(name)
    const step = { ...task('a', 'moody'), config: { action: 'moody', max_retries: 55 }, retry: { delay_seconds: 0 } }
    const id = await start({ name, steps: [step] })
    expect((await api.ended(id)).status).toBe('failed')
    failing.delete(name)
    await post(id, 'retry')
    expect(await api.ended(id)).toMatchObject({ status: 'completed', output: { a: { attempt: 57 } } })
  })

  test('an attempt from before a retry does not count for the new item of a map within a map', async () => {
    const id = await start({
      name: `nested-${backend}`,
      steps: [
        {
          id: 'm',
          type: 'map',
          config: {
            items: [['x']],
            step: {
              type: 'map',
              config: {
                items: '$item',
                step: { config: { action: 'moody', max_retries: 3 }, retry: { delay_seconds: 0 } },
              },
            },
          },
        },
      ],
    })
    await api.ended(id)
    await api.database.query(`UPDATE steps SET attempt = 9 WHERE run_id = $1 AND step_id = 'm[0][0]'`, [id])
    await post(id, 'retry', { from: 'm' })
    expect(await api.ended(id)).toMatchObject({ status: 'completed', output: { m: [[{ attempt: 11 }]] } })
  })

  test('no row gets the index of an item that a retry has dropped, by which a frozen attempt would settle it', async () => {
    const over = (id: string) => ({ id, type: 'map', config: { items: [1], step: { config: { action: 'ignore' } } } })
    const indexOf = async (run: string, step: string) => {
      const query = 'SELECT step_index FROM steps WHERE run_id = $1 AND step_id = $2'
      const [row] = await api.database.query<{ step_index: number }>(query, [run, step])
      return row?.step_index
    }
    const id = await start({
      name: `dropped-item-${backend}`,
      steps: [
        task('a', 'ignore'),
        { ...over('m'), depends_on: ['a'] },
        { id: 'w', type: 'approval' },
        { ...over('n'), depends_on: ['w'] },
      ],
    })
    ;(await taken(id, 'a')).stop()
    const dropped = await taken(id, 'm[0]')
    expect(await indexOf(id, 'm[0]')).toBe(4)
    await post(id, 'retry', { from: 'a' })
    const repeated = await taken(id, 'a')
    expect((await post(id, 'steps/w/approve', { by: 'ann' })).status).toBe(200)
    const other = await taken(id, 'n[0]')
    expect(await indexOf(id, 'n[0]')).toBe(5)
    for (const { stop } of [dropped, other, repeated]) stop()
    ;(await taken(id, 'm[0]')).stop()
    expect(await indexOf(id, 'm[0]')).toBe(6)
    expect(await api.ended(id)).toMatchObject({ status: 'completed' })
  })

  test('a map that is retried repeats the items that failed; from the map on, all of them', async () => {
    const name = `map-${backend}`
    failing.add(name)
    const id = await start({
      name,
      // Otherwise the item that comes second may be skipped, before its first attempt.
      on_failure: 'finish',
      steps: [{ id: 'm', type: 'map', config: { items: [1, 2], step: { type: 'task', config: { action: 'moody' } } } }],
    })
    expect((await api.ended(id)).status).toBe('failed')
    failing.delete(name)
    await post(id, 'retry')
    expect(await api.ended(id)).toMatchObject({ status: 'completed', output: { m: [{ attempt: 2 }, {}] } })
    await post(id, 'retry', { from: 'm' })
    const run = await api.ended(id)
    expect(run.status).toBe('completed')
    expect(Object.keys(run.steps).toSorted()).toEqual(['m', 'm[0]', 'm[1]'])
  })

  test('a rerun is a new run of the same version, with other input where it is given', async () => {
    const definition = { name: `again-${backend}`, input_schema: { type: 'object' }, steps: [noop('a')] }
    const id = await start(definition, { input: { n: 1 }, tags: ['x'] })
    await api.ended(id)
    const same = await post(id, 'rerun')
    expect([same.status, same.headers.get('location')]).toEqual([202, `/api/v1/runs/${same.body.id}`])
    expect(same.body).toMatchObject({ rerun_of: id, input: { n: 1 }, tags: ['x'] })
    expect((await post(id, 'rerun', { input: { n: 2 } })).body.input).toEqual({ n: 2 })
    expect((await post(id, 'rerun', { input: 3 })).status).toBe(422)
  })

  test('of 50 who cancel a run at once one wins, and the others are told how it stands', async () => {
    const id = await start({ name: `fought-${backend}`, steps: [{ id: 'w', type: 'wait', config: { seconds: 600 } }] })
    const answers = await Promise.all(Array.from({ length: 50 }, () => post(id, 'cancel')))
    expect(answers.filter((answer) => answer.status === 202)).toHaveLength(1)
    const refused = answers.filter((answer) => answer.status === 409)
    expect(refused).toHaveLength(49)
    for (const { body } of refused) expect(body.state).toMatch(/^cancell/)
    expect((await api.ended(id)).status).toBe('cancelled')
  })

  test('runs are cancelled and retried by a filter, after a count', async () => {
    const tag = `bulk-${backend}`
    const definition = { name: tag, steps: [task('a', 'hang')] }
    const ids = await Promise.all([1, 2, 3].map(() => start(definition, { tags: [tag] })))
    const bulk = (body: Record<string, unknown>) => api.call('runs/bulk', { body: { filter: { tag }, ...body } })
    expect(await bulk({ action: 'cancel', dry_run: true })).toMatchObject({ status: 202, body: { matched: 3 } })
    expect(await bulk({ action: 'retry' })).toMatchObject({ status: 202, body: { matched: 0 } })
    expect(await bulk({ action: 'cancel' })).toMatchObject({ status: 202, body: { matched: 3 } })
    for (const id of ids) expect((await api.ended(id)).status).toBe('cancelled')
    for (const id of ids) begun.delete(`${id}.a`)
    expect(await bulk({ action: 'retry', filter: { tag, status: ['cancelled'] } })).toMatchObject({
      body: { matched: 3 },
    })
    for (const id of ids) (await isBegun(id, 'a')).stop()
    for (const id of ids) expect((await api.ended(id)).status).toBe('completed')
  })

  test('what is not there, or not known, is told', async () => {
    expect((await post('nothing', 'cancel')).status).toBe(404)
    expect((await post('019aa5b4-8f6e-7b7a-9b0e-0d5f0c7f3a11', 'pause')).status).toBe(404)
    const id = await start({ name: `told-${backend}`, steps: [noop('a')] })
    expect((await post(id, 'retry', { form: 'a' })).body.errors).toMatchObject([{ path: '/form', code: 'unknown_key' }])
    expect((await api.call('runs/bulk', { body: { action: 'delete', filter: {} } })).status).toBe(422)
  })
})
