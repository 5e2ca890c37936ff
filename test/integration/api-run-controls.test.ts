import { afterAll, beforeAll, expect, test } from 'vitest'
import { cancelRuns } from '../../src/engine/cancel.ts'
import { startApi, type TestApi } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'

/** What is told of the controls that a run has had. */

let api: TestApi

beforeAll(async () => {
  api = await startApi('redis')
  await api.startWorker()
  await api.call('workflows', { body: { name: 'waits', steps: [WAIT] } })
})

afterAll(() => api.stop())

const WAIT = { id: 'wait', type: 'wait', config: { seconds: 600 } }
const CHILD = { id: 'child', type: 'workflow', config: { workflow: 'waits' } }

interface Control {
  control: string
  from: string | null
  with_parent: boolean
  at: string
}

async function start(steps: unknown[]): Promise<string> {
  const { body } = await api.call<{ id: string }>('runs', { body: { definition: { name: 'controlled', steps } } })
  return body.id
}

const childOf = (run: string) =>
  eventually(async () => {
    const [row] = await api.database.query<{ id: string }>(
      `SELECT id FROM runs WHERE parent_run_id = $1 AND status NOT IN ('cancelling', 'cancelled')`,
      [run],
    )
    return row?.id ?? false
  })

const control = async (run: string, verb: string, body: unknown = {}) =>
  (await api.call(`runs/${run}/${verb}`, { body })).status

async function controlsOf(run: string): Promise<Control[]> {
  return (await api.call<{ items: Control[] }>(`runs/${run}/controls`)).body.items
}

const names = (controls: readonly Control[]) => controls.map((one) => one.control)

test('each control that counted is told once, in order, with the time of its commit', async () => {
  const id = await start([WAIT])
  const { body: before } = await api.call<{ created_at: string }>(`runs/${id}`)
  expect(await controlsOf(id)).toEqual([])
  for (const verb of ['pause', 'resume', 'cancel']) expect(await control(id, verb)).toBe(202)
  await api.ended(id)
  for (const verb of ['pause', 'resume', 'cancel']) expect(await control(id, verb)).toBe(409)
  expect(await control(id, 'retry')).toBe(202)
  expect(await control(id, 'retry', { from: 'wait' })).toBe(202)
  const controls = await controlsOf(id)
  expect(names(controls)).toEqual(['pause', 'resume', 'cancel', 'retry', 'retry'])
  expect(controls.map(({ from }) => from)).toEqual([null, null, null, null, 'wait'])
  const times = controls.map(({ at }) => at)
  expect([before.created_at, ...times]).toEqual([before.created_at, ...times].toSorted())
  await control(id, 'cancel')
})

test('what is done to a run is told of the runs below it, as done with their parent', async () => {
  const id = await start([CHILD])
  const child = await childOf(id)
  for (const verb of ['pause', 'resume']) expect(await control(id, verb)).toBe(202)
  expect(await control(child, 'pause')).toBe(202)
  // The child run is one of another attempt from now on.
  expect(await control(id, 'retry', { from: 'child' })).toBe(202)
  expect((await controlsOf(child)).map((one) => [one.control, one.with_parent])).toEqual([
    ['pause', true],
    ['resume', true],
    ['pause', false],
    ['cancel', true],
  ])
  expect((await controlsOf(id)).map((one) => [one.control, one.with_parent])).toEqual([
    ['pause', false],
    ['resume', false],
    ['retry', false],
  ])
  await control(id, 'cancel')
})

test('a retry of a paused run tells that the runs below it go on', async () => {
  const id = await start([WAIT, CHILD])
  const child = await childOf(id)
  expect(await control(id, 'pause')).toBe(202)
  expect(await control(id, 'retry', { from: 'wait' })).toBe(202)
  expect(names(await controlsOf(id))).toEqual(['pause', 'retry'])
  expect(names(await controlsOf(child))).toEqual(['pause', 'resume'])
  await control(id, 'cancel')
})

test('a bulk control is told of each run that it changed', async () => {
  const runs = [await start([WAIT]), await start([WAIT])]
  const { body } = await api.call('runs/bulk', { body: { action: 'cancel', filter: { workflow: 'controlled' } } })
  expect(body).toEqual({ matched: runs.length })
  for (const id of runs) {
    await api.ended(id)
    expect(await controlsOf(id)).toMatchObject([{ control: 'cancel', with_parent: false }])
  }
})

test('what nobody asked for is not told', async () => {
  const id = await start([WAIT])
  await api.database.query(`UPDATE runs SET deadline_at = now() WHERE id = $1`, [id])
  await cancelRuns(api.engine, [id], { stopError: { code: 'timeout', message: 'its time was up' } })
  expect((await api.ended(id)).status).toBe('failed')
  expect(await controlsOf(id)).toEqual([])
})

test('the list comes in pages; of a run that is not there it is not found', async () => {
  const id = await start([WAIT])
  for (const verb of ['pause', 'resume', 'cancel']) await control(id, verb)
  const seen: string[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const { body }: { body: { items: Control[]; next_cursor: string | null } } = await api.call(
      `runs/${id}/controls?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
    )
    seen.push(...names(body.items))
    cursor = body.next_cursor
  }
  expect(seen).toEqual(['pause', 'resume', 'cancel'])
  expect((await api.call(`runs/${id}/controls?cursor=abc`)).status).toBe(422)
  expect((await api.call('runs/019aa5b4-8f6e-7b7a-9b0e-0d5f0c7f3a11/controls')).status).toBe(404)
})
