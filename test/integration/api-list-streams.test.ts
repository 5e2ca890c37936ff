import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { runEntrySchema, RunView } from '../../src/api/schemas/run.ts'
import { cancelRuns } from '../../src/engine/cancel.ts'
import type { z } from 'zod'
import { definitionOf, type Page } from '../support/api-shapes.ts'
import { startApi, type TestApi } from '../support/api.ts'
import { BACKENDS } from '../support/contract.ts'
import { eventually, throughout } from '../support/eventually.ts'
import { openStream, type TestStream } from '../support/streams.ts'

type RunEntry = z.infer<typeof runEntrySchema>
interface RowMessage {
  event: 'run' | 'reload'
  data: RunEntry
}

/** Keeps back the answer that Postgres gives to the next reading of rows of lists. */
function holdNextRead({ engine: { db } }: TestApi) {
  const query = db.pool.query.bind(db.pool) as (...args: unknown[]) => Promise<unknown>
  let [answer, goOn] = [() => {}, () => {}]
  const answered = new Promise<void>((resolve) => (answer = resolve))
  const released = new Promise<void>((resolve) => (goOn = resolve))
  const held = async (...args: unknown[]) => {
    const isRead = /from "runs".*"runs"."id" in \(/s.test(JSON.stringify(args[0]).replaceAll('\\"', '"'))
    if (!isRead) return query(...args)
    Object.assign(db.pool, { query })
    const result = await query(...args)
    answer()
    await released
    return result
  }
  Object.assign(db.pool, { query: held })
  return { answered, goOn }
}

const waiting = { steps: [{ id: 'go', type: 'wait_event', config: { event: 'go' } }] }

describe.each(BACKENDS)('streams of lists of runs on %s', (backend) => {
  let api: TestApi
  beforeAll(async () => {
    api = await startApi(backend)
    await api.startWorker()
  })
  afterAll(() => api.stop())

  const start = async (name: string, rest: object = {}, request: object = {}): Promise<string> => {
    const { body } = await api.call<RunView>('runs', {
      body: { definition: definitionOf(name, { ...rest }), ...request },
    })
    return body.id
  }
  const watch = (query = '') => openStream<RowMessage>(`${api.url}/api/v1/stream${query}`)
  const rowsOf = (stream: TestStream<RowMessage>, id: string) =>
    stream.messages.flatMap(({ event, data }) => (event === 'run' && data.id === id ? [data] : []))
  const reaches =
    (id: string, status: string) =>
    ({ event, data }: RowMessage) =>
      event === 'run' && data.id === id && data.status === status

  it('tell the rows of runs that change, as lists have them, and of no others', async () => {
    const earlier = await watch()
    const before = await start('before')
    await earlier.until(reaches(before, 'completed'))
    earlier.close()
    const stream = await watch()
    expect(stream.headers.get('content-type')).toContain('text/event-stream')
    const id = await start('list', waiting)
    await stream.until(reaches(id, 'waiting'))
    await api.call(`runs/${id}/events`, { body: { name: 'go' } })
    await stream.until(reaches(id, 'completed'))
    const { items } = (await api.call<Page<RunEntry>>('runs')).body
    expect(rowsOf(stream, id).at(-1)).toEqual(items.find((run) => run.id === id))
    expect(rowsOf(stream, before)).toEqual([])
    const rows = rowsOf(stream, id).map((row) => JSON.stringify(row))
    expect(new Set(rows).size).toBe(rows.length)
    stream.close()
  })

  it('tell of a run whose status fits no longer once more', async () => {
    const stream = await watch('?status=waiting,paused')
    const id = await start('leaves', waiting)
    await stream.until(reaches(id, 'waiting'))
    await api.call(`runs/${id}/cancel`, { method: 'POST' })
    await expect(
      stream.until(({ event, data }) => event === 'run' && data.id === id && data.status.startsWith('cancel')),
    ).resolves.toMatchObject({ event: 'run' })
    stream.close()
  })

  it('tell of what changes while they read', async () => {
    const stream = await watch()
    const id = await start('meanwhile', waiting)
    await stream.until(reaches(id, 'waiting'))
    const reading = holdNextRead(api)
    api.engine.changes.runs([id])
    await reading.answered
    await cancelRuns(api.engine, [id])
    await eventually(async () => (await api.read(id)).status === 'cancelled')
    // Until all that changed has been signalled.
    await throughout(500, () => expect(rowsOf(stream, id).at(-1)?.status).toBe('waiting'))
    reading.goOn()
    await expect(stream.until(reaches(id, 'cancelled'))).resolves.toMatchObject({ event: 'run' })
    stream.close()
  })

  it('are filtered as lists are', async () => {
    const name = `filtered-${uuidv7()}`
    const known = await start(name)
    const streams = await Promise.all(
      [
        `workflow=${name}`,
        'tag=red',
        `search=${name.slice(4, 30).toUpperCase()}`,
        `search=${known}`,
        'created_before=2020-01-01T00:00:00Z',
        'status=failed',
        'workflow=nowhere',
      ].map((query) => watch(`?${query}`)),
    )
    const all = await watch()
    const [plain, red] = [await start(name), await start(name, {}, { tags: ['red', 'x'] })]
    const other = await start('another')
    for (const id of [plain, red, other]) await all.until(reaches(id, 'completed'))
    const seen = streams.map((stream) =>
      [plain, red, other].map((id) => rowsOf(stream, id).some(({ status }) => status === 'completed')),
    )
    expect(seen).toEqual([
      [true, true, false],
      [false, true, false],
      [true, true, false],
      [false, false, false],
      [false, false, false],
      [false, false, false],
      [false, false, false],
    ])
    for (const stream of [...streams, all]) stream.close()
    expect((await api.call('stream?status=odd')).status).toBe(422)
    expect((await api.call('stream?limit=3')).status).toBe(422)
  })

  it('ask for the list to be read again where changes may have got lost', async () => {
    const stream = await watch()
    api.engine.changes.all()
    expect((await stream.until(({ event }) => event === 'reload')).data).toEqual({})
    stream.close()
  })
})
