import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { pageOf } from '../../src/api/pages.ts'
import { scheduleSchema } from '../../src/api/schemas/schedule.ts'
import { Scheduler } from '../../src/engine/schedule.ts'
import { definitionOf, type Page, type Problem } from '../support/api-shapes.ts'
import { startApi, type TestApi } from '../support/api.ts'
import { BACKENDS } from '../support/contract.ts'
import { eventually, throughout } from '../support/eventually.ts'

type Schedule = z.infer<typeof scheduleSchema>

/** Never by itself while a test runs, unless it is the first of January. */
const YEARLY = '0 0 1 1 *'
/** Some ticks of the reconciler. */
const TICKS_MS = 1_500

describe.each(BACKENDS)('schedules on %s', (backend) => {
  let api: TestApi
  beforeAll(async () => {
    api = await startApi(backend)
    await api.startWorker()
    await api.call('workflows', { body: definitionOf('nightly') })
  })
  afterAll(() => api.stop())

  const create = async (body: Record<string, unknown>) => {
    const answer = await api.call<Schedule>('schedules', { body: { workflow: 'nightly', cron: YEARLY, ...body } })
    expect(answer.status).toBe(201)
    return answer.body
  }
  const read = async (id: string) => (await api.call<Schedule>(`schedules/${id}`)).body
  const change = (id: string, body: Record<string, unknown>) =>
    api.call<Schedule>(`schedules/${id}`, { method: 'PATCH', body })
  /** As if the time had come, and `missed` more since. */
  const makeDue = (id: string) =>
    api.database.query(`update schedules set next_run_at = now() - interval '3 years' where id = $1`, [id])
  const runsOf = (id: string) =>
    api.database.query<{ id: string; status: string }>('select id, status from runs where schedule_id = $1', [id])
  const firstRun = (id: string) => eventually(async () => (await read(id)).last_run_id ?? false)

  it('a schedule shows its next five times, and is found again', async () => {
    const answer = await api.call<Schedule>('schedules', {
      body: { workflow: 'nightly', cron: '30 2 * * *', timezone: 'Europe/Berlin', input: { n: 1 } },
    })
    expect(answer.status).toBe(201)
    const { body } = answer
    expect(answer.headers.get('location')).toBe(`/api/v1/schedules/${body.id}`)
    expect(scheduleSchema.parse(body)).toEqual(body)
    expect(body).toMatchObject({
      workflow: 'nightly',
      workflow_name: 'nightly',
      overlap: 'skip',
      paused: false,
      input: { n: 1 },
    })
    expect(body).toMatchObject({ last_run_at: null, last_run_id: null, trigger_index: null })
    expect(body.next_runs).toHaveLength(5)
    expect(body.next_runs).toEqual(body.next_runs.toSorted())
    expect(await read(body.id)).toEqual(body)
    const page = await api.call<Page<Schedule>>('schedules?workflow=nightly&limit=1')
    expect(pageOf(scheduleSchema).parse(page.body).items).toEqual([body])
    const byId = await create({ workflow: body.workflow_id })
    expect(byId.workflow_id).toBe(body.workflow_id)
    for (const { id } of [body, byId]) {
      expect((await api.call(`schedules/${id}`, { method: 'DELETE' })).status).toBe(204)
      expect((await api.call(`schedules/${id}`)).status).toBe(404)
    }
  })

  it('a time that was missed fires once, however many more were', async () => {
    const { id } = await create({ input: { from: 'schedule' } })
    await makeDue(id)
    const runId = await firstRun(id)
    expect((await api.ended(runId)).status).toBe('completed')
    const { body: run } = await api.call(`runs/${runId}`)
    expect(run['input']).toEqual({ from: 'schedule' })
    await throughout(TICKS_MS, async () => expect(await runsOf(id)).toHaveLength(1))
    const [row] = await api.database.query<{ ahead: boolean }>(
      'select next_run_at > now() as ahead from schedules where id = $1',
      [id],
    )
    expect(row?.ahead).toBe(true)
  })

  it('many that fire one time at once start one run', async () => {
    const { id } = await create({ overlap: 'allow' })
    await makeDue(id)
    await Promise.all(Array.from({ length: 4 }, () => new Scheduler(api.engine).fire()))
    expect(await runsOf(id)).toHaveLength(1)
  })

  it('a crash between the start of the run and the next time starts no second run', async () => {
    const { id } = await create({})
    await makeDue(id)
    const [before] = await api.database.query<{ at: Date }>('select next_run_at as at from schedules where id = $1', [
      id,
    ])
    const runId = await firstRun(id)
    await api.database.query('update schedules set next_run_at = $2, last_run_id = null where id = $1', [
      id,
      before?.at,
    ])
    expect(await firstRun(id)).toBe(runId)
    expect(await runsOf(id)).toHaveLength(1)
  })

  it('a paused schedule does not fire, and makes nothing up when it goes on', async () => {
    const { id, next_runs: times } = await create({ paused: true })
    expect(times).toHaveLength(5)
    await makeDue(id)
    await throughout(TICKS_MS, async () => expect(await runsOf(id)).toHaveLength(0))
    expect(await change(id, { paused: false })).toMatchObject({ status: 200, body: { paused: false } })
    await throughout(TICKS_MS, async () => expect(await runsOf(id)).toHaveLength(0))
    await makeDue(id)
    await firstRun(id)
  })

  it('overlap: skip passes a time over while the last run lasts, allow does not', async () => {
    const slow = definitionOf('slow', { steps: [{ id: 'a', config: { duration_seconds: 30 } }] })
    await api.call('workflows', { body: slow })
    const { id } = await create({ workflow: 'slow' })
    await makeDue(id)
    const first = await firstRun(id)
    await makeDue(id)
    const moved = `select 1 from schedules where id = $1 and next_run_at > now()`
    await eventually(async () => (await api.database.query(moved, [id])).length === 1)
    expect(await runsOf(id)).toHaveLength(1)
    expect((await change(id, { overlap: 'allow' })).body.overlap).toBe('allow')
    await makeDue(id)
    await eventually(async () => (await read(id)).last_run_id !== first)
    expect(await runsOf(id)).toHaveLength(2)
  })

  it('a workflow in the archive is not started; when it comes back, its schedules go on', async () => {
    await api.call('workflows', { body: definitionOf('shelved') })
    const { id } = await create({ workflow: 'shelved' })
    await api.call('workflows/shelved', { method: 'DELETE' })
    await makeDue(id)
    await throughout(TICKS_MS, async () => expect(await runsOf(id)).toHaveLength(0))
    const refused = await api.call('schedules', { body: { workflow: 'shelved', cron: YEARLY } })
    expect(refused.status).toBe(409)
    await api.call('workflows', { body: definitionOf('shelved') })
    await throughout(TICKS_MS, async () => expect(await runsOf(id)).toHaveLength(0))
    await makeDue(id)
    await firstRun(id)
  })

  it('one that cannot start its run is moved on, and the others fire', async () => {
    await api.call('workflows', { body: definitionOf('picky') })
    const { id } = await create({ workflow: 'picky' })
    const input_schema = { type: 'object', required: ['n'] }
    await api.call('workflows', { body: definitionOf('picky', { input_schema }) })
    const other = await create({})
    await makeDue(id)
    await makeDue(other.id)
    await firstRun(other.id)
    expect(await read(id)).toMatchObject({ last_run_id: null })
    const { status, body } = await api.call<Problem>(`schedules/${id}`, { method: 'PATCH', body: { input: { m: 1 } } })
    expect(status).toBe(422)
    expect(body.errors?.map(({ path }) => path)).toEqual(['/input/n'])
  })

  it('one that is given another workflow starts runs of that, if its input suits and it is not archived', async () => {
    const input_schema = { type: 'object', required: ['n'] }
    await api.call('workflows', { body: definitionOf('weekly', { input_schema }) })
    await api.call('workflows', { body: definitionOf('gone') })
    await api.call('workflows/gone', { method: 'DELETE' })
    const { id } = await create({})
    expect(await change(id, { workflow: 'weekly' })).toMatchObject({
      status: 422,
      body: { errors: [{ path: '/input/n' }] },
    })
    expect((await change(id, { workflow: 'gone' })).status).toBe(409)
    expect((await change(id, { workflow: 'nowhere' })).status).toBe(404)
    expect(await read(id)).toMatchObject({ workflow: 'nightly', input: {} })
    const moved = await change(id, { workflow: 'weekly', input: { n: 1 } })
    expect(moved).toMatchObject({ status: 200, body: { workflow: 'weekly', input: { n: 1 }, cron: YEARLY } })
    await makeDue(id)
    const { body: run } = await api.call(`runs/${await firstRun(id)}`)
    expect(run).toMatchObject({ workflow_name: 'weekly', input: { n: 1 } })
  })

  it('BullMQ wakes a schedule on time, knows only those that are to fire, and is told again after it lost its data', async () => {
    const { engine } = api
    const queue = engine.queue.connection.queue('schedules')
    const known = async () => (await queue.getJobSchedulers()).map(({ key }) => key)
    const { id } = await create({})
    await eventually(async () => (await known()).includes(id))
    await change(id, { paused: true })
    await eventually(async () => !(await known()).includes(id))
    await change(id, { paused: false })
    await eventually(async () => (await known()).includes(id))
    await queue.removeJobScheduler(id)
    await engine.queue.setToken('01900000-0000-7000-8000-000000000000')
    await eventually(async () => (await known()).includes(id))
    const jobs = await queue.getDelayed()
    const woken = jobs.find((job) => job.id?.includes(id))
    await makeDue(id)
    await woken?.promote()
    await firstRun(id)
    expect(woken).toBeDefined()
    await queue.close()
  })

  it.each<[string, Record<string, unknown>, string, string]>([
    ['a cron of six fields', { cron: '0 0 0 * * *' }, '/cron', 'has 6 fields, not 5'],
    ['a minute that is none', { cron: '61 * * * *' }, '/cron', 'the field minute cannot be "61"'],
    ['a day that never comes', { cron: '0 0 30 2 *' }, '/cron', 'no such day'],
    ['a time zone that is none', { timezone: 'Mars/Olympus' }, '/timezone', 'is no time zone'],
    ['an overlap that is none', { overlap: 'queue' }, '/overlap', ''],
    ['an unknown key', { crom: YEARLY }, '/crom', 'cron'],
  ])('%s is refused', async (_name, more, path, text) => {
    const { status, body } = await api.call<Problem>('schedules', {
      body: { workflow: 'nightly', cron: YEARLY, ...more },
    })
    expect(status).toBe(422)
    expect(body.errors).toEqual([expect.objectContaining({ path, message: expect.stringContaining(text) as string })])
  })

  it('there is no schedule of a workflow that there is not', async () => {
    expect((await api.call('schedules', { body: { workflow: 'nothing', cron: YEARLY } })).status).toBe(404)
    expect((await api.call('schedules/01900000-0000-7000-8000-000000000000')).status).toBe(404)
    expect((await change('x', { paused: true })).status).toBe(404)
  })
})
