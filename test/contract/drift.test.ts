import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest'
import { createApp } from '../../src/api/app.ts'
import { driftSchema, flushDrillSchema } from '../../src/api/schemas/drift.ts'
import { Sweep } from '../../src/engine/sweep.ts'
import { jobId, ROOT_JOB, RUNS_QUEUE, type JobAddress } from '../../src/queue/names.ts'
import type { z } from '../../workers/action.ts'
import { startApi, type TestApi } from '../support/api.ts'
import type { Problem } from '../support/api-shapes.ts'
import { BACKENDS } from '../support/contract.ts'
import { holdAction } from '../support/hold-action.ts'
import { eventually } from '../support/eventually.ts'
import { statusesOf, stepOf } from '../support/run-record.ts'
import { noop } from '../support/shapes.ts'
import { withRedis } from '../support/servers.ts'

const { held, hold } = holdAction()

const ACTIONS = [hold]

type Drift = z.infer<typeof driftSchema>

/** No worker serves it, so its jobs stay where they are. */
const IDLE = 'idle'

describe.each(BACKENDS)('on %s', (backend) => {
  let api: TestApi
  beforeAll(async () => {
    api = await startApi(backend, ACTIONS, { flushDrill: true })
    await api.startWorker()
    // It is known from now on, and nobody serves it.
    await (await api.startWorker({ queues: [IDLE] })).stop()
  })
  afterAll(() => api.stop())
  // What the tests make differ, the sweep would make good while they look.
  beforeEach(() => {
    vi.spyOn(Sweep.prototype, 'nextRuns').mockResolvedValue({ looked: 0, redispatched: 0 })
    vi.spyOn(Sweep.prototype, 'nextGates').mockResolvedValue(0)
  })
  afterEach(() => vi.restoreAllMocks())

  const ask = async (method: 'GET' | 'POST', query = ''): Promise<Drift> => {
    const { status, body } = await api.call<Drift>(`ops/drift${query}`, { method })
    expect({ status, body }).toEqual({ status: 200, body: driftSchema.safeParse(body).data })
    return body
  }
  const queueOf = (name: string) => api.engine.queue.connection.queue(name)
  const start = (name: string, steps: object[]) => api.start({ name: `${name}-${backend}`, steps } as never)
  const addressOf = async (run: string, step: string): Promise<JobAddress> => ({
    run,
    step,
    epoch: (await api.read(run)).epoch,
  })
  /** The address of a step of a run, once its job lies in the idle queue. */
  const queued = async (run: string, step: string): Promise<JobAddress> => {
    const address = await addressOf(run, step)
    await eventually(async () => (await api.engine.queue.stepPresence(address, IDLE)) === 'due')
    return address
  }
  const about = (drift: Drift, run: string) => drift.items.filter((item) => item.run_id === run)
  const cancel = (run: string) => api.call(`runs/${run}/cancel`, { method: 'POST' })

  test('where everything waits, runs or has ended as it should, nothing is found', async () => {
    const done = await api.run({ name: `done-${backend}`, steps: [noop('a')] })
    const id = await start('calm', [
      { id: 'ask', type: 'approval' },
      { id: 'timer', type: 'wait', config: { seconds: 3_600 } },
      { id: 'asks', type: 'map', config: { items: [1, 2, 3], concurrency: 1, step: { type: 'approval' } } },
      { id: 'held', config: { action: 'hold' } },
      { id: 'idle', queue: IDLE },
      { id: 'last', depends_on: ['ask', 'idle', 'timer'] },
    ])
    await eventually(() => held.has(`${id}.held`))
    await eventually(async () => (await api.read(id)).steps['asks[0]']?.status === 'waiting')
    await queued(id, 'idle')
    const drift = await eventually(async () => {
      const found = await ask('GET')
      return found.agrees && found
    })
    expect(drift).toMatchObject({ complete: true, missing_jobs: 0, leftover_jobs: 0, items: [] })
    expect(drift.looked_at.runs).toBeGreaterThanOrEqual(1)
    expect(drift.looked_at.jobs).toBeGreaterThanOrEqual(5)
    expect(done.status).toBe('completed')
    held.get(`${id}.held`)?.()
    await cancel(id)
  })

  test('a step that is due and has no job is told, and its run dispatched anew', async () => {
    const id = await start('lost-step', [noop('a', [], { queue: IDLE }), noop('b', ['a'])])
    const address = await queued(id, 'a')
    await queueOf(`steps-${IDLE}`).remove(jobId(address))
    const finding = { kind: 'missing_job', run_id: id, step_id: 'a', epoch: address.epoch, queue: null }
    expect(about(await ask('GET'), id)).toEqual([
      { ...finding, text: 'Step a needs a job, but the queue has none.', repair: null },
    ])
    expect(about(await ask('POST'), id)).toMatchObject([{ ...finding, repair: 'dispatched' }])
    await queued(id, 'a')
    await eventually(async () => about(await ask('POST'), id).length === 0)
    expect((await api.read(id)).epoch).toBe(address.epoch + 1)
    await cancel(id)
  })

  const idle = (id: string, after: string[] = []) => noop(id, after, { queue: IDLE, priority: after.length })

  test.each([
    { ends: 'the job of its last step', steps: [idle('a'), idle('b', ['a'])], missing: 'b' },
    { ends: 'a root job', steps: [idle('a'), idle('b', ['a']), idle('c', ['a'])], missing: null },
  ])('a run that $ends would end is told to lack it long before it ends', async ({ steps, missing }) => {
    const id = await start(`lost-end-${missing}`, steps)
    const address = await queued(id, 'a')
    const queue = queueOf(missing === null ? RUNS_QUEUE : `steps-${IDLE}`)
    await queue.remove(jobId({ ...address, step: missing ?? ROOT_JOB }), { removeChildren: false })
    expect(about(await ask('GET'), id)).toMatchObject([{ kind: 'missing_job', step_id: missing, epoch: address.epoch }])
    expect(about(await ask('POST'), id)).toMatchObject([{ step_id: missing, repair: 'dispatched' }])
    await eventually(async () => about(await ask('POST'), id).length === 0)
    const worker = await api.startWorker({ queues: [IDLE] })
    expect(new Set(Object.values(statusesOf(await api.ended(id))))).toEqual(new Set(['completed']))
    await worker.stop()
  })

  test('a run that was never brought to the queue is told', async () => {
    const add = vi.spyOn(api.engine.queue, 'addFlows').mockRejectedValue(new Error('the queue is full'))
    const id = await start('never', [noop('a')])
    // The leader tries again at each tick: while it does, the run is on its way.
    const found = await eventually(async () => {
      const items = about(await ask('GET'), id)
      return items.length > 0 && items
    })
    expect(found).toMatchObject([{ step_id: null, text: 'The run was not brought to the queue yet.' }])
    add.mockRestore()
    expect((await api.ended(id)).status).toBe('completed')
  })

  test('jobs, gates and timers of what has settled are told with the reason, and removed', async () => {
    const { id: ended } = await api.run({ name: `ended-${backend}`, steps: [noop('a')] })
    const moved = await start('moved-on', [noop('a', [], { queue: IDLE })])
    const stale = { ...(await queued(moved, 'a')), epoch: 0 }
    const unknown = '019aa5b4-8f6e-7b7a-9b0e-0d5f0c7f3a11'
    const leftover: { address: JobAddress; queue: string; text: string; delay?: number }[] = [
      {
        address: { run: ended, step: 'a', epoch: 1 },
        queue: `steps-${IDLE}`,
        text: 'The run has ended: it is completed.',
      },
      { address: { run: ended, step: 'b', epoch: 1 }, queue: 'gates', text: 'The run has ended: it is completed.' },
      {
        address: { run: ended, step: 'c', epoch: 1 },
        queue: 'timers',
        text: 'The run has ended: it is completed.',
        delay: 3_600_000,
      },
      { address: stale, queue: `steps-${IDLE}`, text: 'The job is of epoch 0, and the run is at 1.' },
      { address: { run: unknown, step: 'a', epoch: 1 }, queue: `steps-${IDLE}`, text: 'There is no such run.' },
      { address: { run: moved, step: 'z', epoch: 1 }, queue: `steps-${IDLE}`, text: 'The run has no step z.' },
      // Of a queue that no worker has ever served.
      {
        address: { run: ended, step: 'a', epoch: 2 },
        queue: 'steps-nobodys',
        text: 'The run has ended: it is completed.',
      },
    ]
    for (const { address, queue, delay = 0 } of leftover) {
      await queueOf(queue).add(address.step, address, { jobId: jobId(address), delay })
    }
    const found = (await ask('GET')).items.filter(({ kind }) => kind === 'leftover_job')
    const expected = leftover.map(({ address: { run, step, epoch }, queue, text }) => ({
      kind: 'leftover_job',
      run_id: run,
      step_id: step,
      epoch,
      queue,
      text,
      repair: null,
    }))
    expect(found).toEqual(expect.arrayContaining(expected))
    const repaired = await ask('POST')
    expect(repaired.items).toEqual(expect.arrayContaining(expected.map((item) => ({ ...item, repair: 'removed' }))))
    for (const { address, queue } of leftover) expect(await queueOf(queue).getJobState(jobId(address))).toBe('unknown')
    await eventually(async () => (await ask('POST')).agrees)
    await cancel(moved)
  })

  test('what differs at one of two looks only is not told', async () => {
    const id = await start('momentary', [noop('a', [], { queue: IDLE })])
    const address = await queued(id, 'a')
    const { queue } = api.engine
    const look = vi.spyOn(queue, 'stepPresence').mockResolvedValueOnce('missing')
    const list = vi.spyOn(queue, 'listPending')
    const gone = { ...address, epoch: 0 }
    list.mockResolvedValueOnce([{ queue: `steps-${IDLE}`, id: jobId(gone), state: 'wait', address: gone }])
    expect(about(await ask('GET'), id)).toEqual([])
    expect(look.mock.calls.length).toBeGreaterThan(1)
    await cancel(id)
  })

  test('a job of a step that has settled in a run that goes on is removed, and the run goes on', async () => {
    const id = await start('settled', [noop('a'), noop('b', ['a'], { queue: IDLE })])
    const address = { ...(await queued(id, 'b')), step: 'a' }
    await queueOf(`steps-${IDLE}`).add('a', address, { jobId: 'by-hand' })
    const finding = { kind: 'leftover_job', step_id: 'a', text: 'Step a has settled: it is completed.' }
    expect(about(await ask('GET'), id)).toMatchObject([finding])
    expect(about(await ask('POST'), id)).toMatchObject([{ ...finding, repair: 'removed' }])
    await eventually(async () => about(await ask('POST'), id).length === 0)
    const worker = await api.startWorker({ queues: [IDLE] })
    const run = await api.ended(id)
    expect(statusesOf(run)).toEqual({ a: 'completed', b: 'completed' })
    expect(stepOf(run, 'a').attempt).toBe(1)
    await worker.stop()
  })

  /** A run of one step whose attempt goes on until it is let go. */
  const startHeld = async (name: string) => {
    const id = await start(name, [{ id: 'a', config: { action: 'hold' } }])
    const letGo = await eventually(() => held.get(`${id}.a`) ?? false)
    return { id, address: await addressOf(id, 'a'), letGo }
  }

  test('a step that a worker executes by a job of a former epoch is left to it, and is no drift', async () => {
    const { id, address, letGo } = await startHeld('former')
    await api.database.query('UPDATE runs SET queue_token = NULL WHERE id = $1', [id])
    const anew = await eventually(async () => {
      const now = await addressOf(id, 'a')
      return now.epoch > address.epoch && now
    })
    await eventually(async () => (await api.engine.queue.stepPresence(anew, 'default')) !== 'missing')
    expect(await api.engine.queue.stepPresence(address, 'default')).toBe('active')
    expect(about(await ask('POST'), id)).toEqual([])
    letGo()
    const run = await api.ended(id)
    expect(stepOf(run, 'a')).toMatchObject({ status: 'completed', attempt: 1 })
  })

  test('a job that a worker holds though its run has ended is told, and left to it', async () => {
    const { id, address, letGo } = await startHeld('deaf')
    await api.database.query("UPDATE runs SET status = 'cancelled', completed_at = now() WHERE id = $1", [id])
    const finding = { kind: 'leftover_job', step_id: 'a', text: 'The run has ended: it is cancelled.' }
    expect(about(await ask('POST'), id)).toMatchObject([{ ...finding, repair: 'held' }])
    expect(await api.engine.queue.stepPresence(address, 'default')).toBe('active')
    letGo()
    await eventually(async () => about(await ask('GET'), id).length === 0)
  })

  describe('a flush drill', () => {
    const drill = (body: object = {}) => api.call<z.infer<typeof flushDrillSchema>>('ops/flush-drill', { body })

    test('is refused unless the configuration allows it', async () => {
      const app = createApp(api.engine, api.streams, { flushDrill: false })
      const answer = await app.request('/api/v1/ops/flush-drill', { method: 'POST' })
      expect(answer.status).toBe(403)
      expect(((await answer.json()) as Problem).detail).toContain('SLUICE_FLUSH_DRILL=on')
    })

    test('empties the queue, and ends when all that was unfinished is back; of two at once, one is refused', async () => {
      const ids = await Promise.all([
        start('drill-asks', [{ id: 'ask', type: 'approval' }, noop('after', ['ask'])]),
        start('drill-held', [{ id: 'a', config: { action: 'hold' } }, noop('b', ['a'])]),
        start('drill-idle', [noop('a', [], { queue: IDLE }), noop('b', ['a'])]),
      ])
      const [asking, holding, idle] = ids
      await eventually(async () => (await api.read(asking)).steps['ask']?.status === 'waiting')
      await eventually(() => held.has(`${holding}.a`))
      await queued(idle, 'a')
      const others = `${api.prefix}2:other`
      await withRedis(inject('redisUrl'), (redis) => redis.set(others, 'kept'))

      const answers = await Promise.all([drill(), drill()])
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409])
      const { body } = answers.find(({ status }) => status === 200)!
      expect(flushDrillSchema.parse(body)).toEqual(body)
      expect(body.unfinished).toBeGreaterThanOrEqual(3)
      expect(body.keys_removed).toBeGreaterThan(10)
      expect(body.back_after_ms).toBeGreaterThanOrEqual(body.median_ms)
      expect(body.slowest[0]?.back_after_ms).toBe(body.back_after_ms)
      for (const id of ids) expect((await api.read(id)).epoch).toBeGreaterThan(1)
      expect(about(await ask('GET'), idle)).toEqual([])
      expect(await withRedis(inject('redisUrl'), (redis) => redis.getdel(others))).toBe('kept')

      held.get(`${holding}.a`)?.()
      expect((await api.call(`runs/${asking}/steps/ask/approve`, { method: 'POST' })).status).toBe(200)
      const worker = await api.startWorker({ queues: [IDLE] })
      for (const id of ids) {
        const run = await api.ended(id)
        expect(new Set(Object.values(statusesOf(run)))).toEqual(new Set(['completed']))
        expect(Object.values(run.steps).filter((step) => step.attempt !== 1)).toEqual([])
      }
      await worker.stop()
    })

    test('that takes too long names what is not back, and it comes back all the same', async () => {
      const id = await start('drill-late', [noop('a', [], { queue: IDLE })])
      await queued(id, 'a')
      const add = vi.spyOn(api.engine.queue, 'addFlows').mockRejectedValue(new Error('the queue is full'))
      const { status, body } = await drill({ timeout_seconds: 1 })
      expect({ status, body }).toMatchObject({
        status: 504,
        body: {
          errors: expect.arrayContaining([
            expect.objectContaining({ path: `/runs/${id}`, code: 'not_back' }),
          ]) as unknown,
        },
      })
      add.mockRestore()
      const worker = await api.startWorker({ queues: [IDLE] })
      expect((await api.ended(id)).status).toBe('completed')
      await worker.stop()
    })
  })
})
