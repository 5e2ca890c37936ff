import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { v7 as uuidv7 } from 'uuid'
import { markStarted } from '../../src/db/commit.ts'
import { insertRuns } from '../../src/db/runs.ts'
import { newRunOf } from '../support/new-run.ts'
import { registerWorkflow } from '../../src/engine/register.ts'
import { defineAction, z } from '../../workers/action.ts'
import { startApi, type TestApi } from '../support/api.ts'
import type { Problem } from '../support/api-shapes.ts'
import { BACKENDS } from '../support/contract.ts'
import { eventually, throughout } from '../support/eventually.ts'
import { stepOf } from '../support/run-record.ts'

/** Lets go of a step that the action below holds, by run. */
const held = new Map<string, (error?: Error) => void>()
/** Labels in the order in which steps began. */
const order: string[] = []

const ACTIONS = [
  defineAction({
    name: 'hold',
    description: 'Goes on until the test lets it go',
    input: z.unknown(),
    output: z.null(),
    run: ({ runId }) =>
      new Promise<null>((resolve, reject) => {
        held.set(runId, (error) => (error === undefined ? resolve(null) : reject(error)))
      }),
  }),
  defineAction({
    name: 'note',
    description: 'Notes that it began',
    input: z.string(),
    output: z.null(),
    run: async ({ input }) => {
      order.push(input)
      return null
    },
  }),
]

const hold = { id: 'hold', config: { action: 'hold' } }

describe.each(BACKENDS)('on %s', (backend) => {
  let api: TestApi
  beforeAll(async () => {
    api = await startApi(backend, ACTIONS)
    await api.startWorker()
  })
  afterAll(() => api.stop())

  const start = async (definition: object, more: object = {}): Promise<string> => {
    const { status, body } = await api.call<{ id: string }>('runs', { body: { definition, ...more } })
    expect([status, body]).toMatchObject([202, {}])
    return body.id
  }
  const isHeld = (id: string) => eventually(() => held.get(id) ?? false, { what: `run ${id} to begin` })
  const admitted = async (ids: readonly string[]): Promise<string[]> => {
    const rows = await api.database.query<{ id: string }>(
      "SELECT id FROM runs WHERE id = ANY($1::uuid[]) AND admitted_at IS NOT NULL AND status NOT IN ('completed', 'failed', 'cancelled') ORDER BY id",
      [ids],
    )
    return rows.map((row) => row.id)
  }

  test('of six runs two go at once, the oldest first; an end of any kind frees a slot', async () => {
    const definition = { name: `two-${backend}`, concurrency: { limit: 2 }, steps: [hold] }
    const ids: string[] = []
    for (let n = 0; n < 6; n += 1) ids.push(await start(definition))
    const window = async (from: number) => {
      const expected = ids.slice(from, from + 2)
      await Promise.all(expected.map(isHeld))
      expect(await admitted(ids)).toEqual(expected)
      expect(held.has(ids[from + 2] ?? '')).toBe(false)
    }
    await window(0)
    held.get(ids[0]!)!()
    await window(1)
    held.get(ids[1]!)!(new Error('it broke'))
    await window(2)
    await api.call(`runs/${ids[2]}/cancel`, { method: 'POST' })
    await window(3)
    expect((await api.ended(ids[1]!)).status).toBe('failed')
    expect((await api.ended(ids[2]!)).status).toBe('cancelled')
    for (const id of ids.slice(3)) (await isHeld(id))()
    for (const id of ids.slice(3)) expect((await api.ended(id)).status).toBe('completed')
  })

  test('each value of the key has slots of its own, and a key that is missing refuses the start', async () => {
    const name = `keyed-${backend}`
    const definition = { name, concurrency: { limit: 1, key: '$input.customer' }, steps: [hold] }
    const first = await start(definition, { input: { customer: 'ann' } })
    const second = await start(definition, { input: { customer: 'ann' } })
    const other = await start(definition, { input: { customer: 'bob' } })
    await isHeld(first)
    await isHeld(other)
    expect(await admitted([first, second, other])).toEqual([first, other])
    held.get(first)!()
    held.get(other)!()
    ;(await isHeld(second))()
    await api.ended(second)
    const refused = await api.call<Problem>('runs', { body: { definition, input: { client: 'ann' } } })
    expect(refused.status).toBe(422)
    expect(refused.body.errors).toMatchObject([{ path: '/input/customer' }])
  })

  test('a run that was inserted by a process that died goes when it is its turn', async () => {
    const definition = { name: `died-${backend}`, concurrency: { limit: 1 }, steps: [hold] }
    const first = await start(definition)
    await isHeld(first)
    const { workflow, version } = await registerWorkflow(api.engine, definition)
    const id = uuidv7()
    const run = { id, workflowId: workflow.id, versionId: version.id, concurrencyKey: '', admitted: false }
    await insertRuns(api.engine.db, [newRunOf(run)], ['hold'])
    await throughout(1_200, async () => expect(await admitted([first, id])).toEqual([first]))
    held.get(first)!()
    ;(await isHeld(id))()
    expect((await api.ended(id)).status).toBe('completed')
  })

  test('a running run that is retried from a step keeps its slot, also where an older run waits for it', async () => {
    const definition = { name: `keeps-${backend}`, concurrency: { limit: 1 }, steps: [hold] }
    const older = await start(definition)
    ;(await isHeld(older))(new Error('not yet'))
    expect((await api.ended(older)).status).toBe('failed')
    held.delete(older)
    const running = await start(definition)
    await isHeld(running)
    held.delete(running)
    expect((await api.call(`runs/${older}/retry`, { method: 'POST' })).status).toBe(202)
    expect((await api.call(`runs/${running}/retry`, { body: { from: 'hold' } })).status).toBe(202)
    const letGo = await isHeld(running)
    expect(await admitted([older, running])).toEqual([running])
    letGo()
    await api.ended(running)
    ;(await isHeld(older))()
    await api.ended(older)
  })

  test('a retried run waits for a slot also where an attempt from before the retry begins after it', async () => {
    const definition = { name: `stray-${backend}`, concurrency: { limit: 1 }, steps: [hold] }
    const first = await start(definition)
    ;(await isHeld(first))(new Error('not yet'))
    expect((await api.ended(first)).status).toBe('failed')
    held.delete(first)
    const second = await start(definition)
    await isHeld(second)
    expect((await api.call(`runs/${first}/retry`, { method: 'POST' })).status).toBe(202)
    const stray = { runId: first, stepIndex: 0, attempt: 2, workerId: uuidv7(), startedAt: new Date().toISOString() }
    await markStarted(api.engine.db, [{ ...stray, startsRun: true }])
    const seen = await api.read(first)
    expect([seen.status, stepOf(seen, 'hold').status]).toEqual(['queued', 'running'])
    held.get(second)!()
    ;(await isHeld(first))()
    const run = await api.ended(first)
    expect(stepOf(run, 'hold')).toMatchObject({ status: 'completed', attempt: 3 })
  })

  test('a run does not begin before its start_at; a time that has passed is now', async () => {
    const definition = { name: `later-${backend}`, steps: [{ id: 'a', config: { action: 'note' }, input: 'later' }] }
    const at = new Date(Date.now() + 2_000)
    const id = await start(definition, { start_at: at.toISOString() })
    const { body } = await api.call<{ start_at: string; status: string }>(`runs/${id}`)
    expect(body).toMatchObject({ status: 'queued' })
    expect(Date.parse(body.start_at)).toBe(at.getTime())
    const run = await api.ended(id)
    expect(run.status).toBe('completed')
    const [row] = await api.database.query<{ late: number }>(
      'SELECT extract(epoch FROM admitted_at - start_at)::float8 AS late FROM runs WHERE id = $1',
      [id],
    )
    expect(row!.late).toBeGreaterThanOrEqual(0)
    expect(row!.late).toBeLessThan(2)
    const past = await start(definition, { start_at: '2020-01-01T00:00:00Z' })
    expect((await api.ended(past)).status).toBe('completed')
  })

  test('a run does not begin before its start_at either where the process that takes it has a clock that is ahead', async () => {
    const now = Date.now.bind(Date)
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() + 600_000)
    const definition = { name: `ahead-${backend}`, steps: [{ id: 'a', config: { action: 'note' }, input: 'early' }] }
    const id = await api
      .start(definition, { startAt: new Date(now() + 60_000).toISOString() })
      .finally(() => clock.mockRestore())
    await throughout(1_500, async () => expect((await api.read(id)).status).toBe('queued'))
  })

  test('a retry does not begin a run before its start_at', async () => {
    const definition = { name: `retried-${backend}`, steps: [{ id: 'a', config: { action: 'note' }, input: 'early' }] }
    const id = await start(definition, { start_at: new Date(Date.now() + 60_000).toISOString() })
    expect((await api.call(`runs/${id}/retry`, { body: { from: 'a' } })).status).toBe(202)
    await throughout(700, async () => expect((await api.read(id)).status).toBe('queued'))
    expect((await api.call(`runs/${id}/cancel`, { method: 'POST' })).status).toBe(202)
    await api.ended(id)
    expect((await api.call(`runs/${id}/retry`, { method: 'POST' })).status).toBe(202)
    await throughout(700, async () => expect((await api.read(id)).status).toBe('queued'))
  })

  test('a run that outlasts its timeout_seconds fails, and says so', async () => {
    const id = await start({
      name: `slow-${backend}`,
      timeout_seconds: 1,
      steps: [hold, { id: 'b', depends_on: ['hold'] }],
    })
    const run = await api.ended(id)
    expect(run.status).toBe('failed')
    const { body } = await api.call<{ error: object; steps: { status: string; reason: string }[] }>(`runs/${id}`)
    expect(body.error).toMatchObject({ code: 'timeout', message: 'the run lasted longer than timeout_seconds (1)' })
    expect(body.steps.map(({ status, reason }) => [status, reason])).toEqual([
      ['cancelled', 'the run timed out while the step was running'],
      ['cancelled', 'the run timed out'],
    ])
  })
})

test.each(BACKENDS)('on %s, waiting steps go by the priority of the run, else by their own', async (backend) => {
  const api = await startApi(backend, ACTIONS)
  try {
    const definition = (label: string, priority: number) => ({
      name: `${label}-${backend}`,
      steps: [{ id: 'a', priority, config: { action: 'note' }, input: label }],
    })
    order.length = 0
    const ids: string[] = []
    for (const [label, own, more] of [
      ['low', 1, {}],
      ['raised', 0, { priority: 9 }],
      ['middle', 5, {}],
      ['lowered', 8, { priority: 3 }],
    ] as const) {
      const { body } = await api.call<{ id: string }>('runs', { body: { definition: definition(label, own), ...more } })
      ids.push(body.id)
    }
    await eventually(() => ids.every((id) => !api.engine.dispatching.has(id)))
    await api.startWorker({ concurrency: 1 })
    for (const id of ids) await api.ended(id)
    expect(order).toEqual(['raised', 'middle', 'lowered', 'low'])
  } finally {
    await api.stop()
  }
})
