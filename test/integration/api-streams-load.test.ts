import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { RunView } from '../../src/api/schemas/run.ts'
import { startApi, type TestApi } from '../support/api.ts'
import { BACKENDS } from '../support/contract.ts'
import { eventually, throughout } from '../support/eventually.ts'
import { openStream, type RunMessage } from '../support/streams.ts'

/** Queries of the API while `work` lasts. */
async function queriesDuring(api: TestApi, work: () => Promise<unknown>): Promise<number> {
  const { pool } = api.engine.db
  const query = pool.query.bind(pool)
  let count = 0
  pool.query = ((...values: Parameters<typeof query>) => {
    count += 1
    return query(...values)
  }) as typeof pool.query
  try {
    await work()
  } finally {
    pool.query = query
  }
  return count
}

// Hundreds of connections and megabytes: on a busy machine that takes its time.
describe.each(BACKENDS)('many and slow clients on %s', { timeout: 90_000 }, (backend) => {
  let api: TestApi
  beforeAll(async () => {
    // No worker, and a reconciler that ticks once: nothing happens but what a test does.
    api = await startApi(backend, [], { reconcileIntervalMs: 3_600_000 })
  })
  afterAll(() => api.stop())

  const start = async (steps: number): Promise<string> => {
    const definition = {
      name: `steps-${steps}`,
      steps: Array.from({ length: steps }, (_, n) => ({ id: `s${n}`, config: { duration_seconds: 0 } })),
    }
    return (await api.call<RunView>('runs', { body: { definition } })).body.id
  }
  const urlOf = (id: string) => `${api.url}/api/v1/runs/${id}/stream`
  /** Changes a step as a worker would. */
  const change = async (id: string, retries: number) => {
    await api.database.query('UPDATE steps SET retry_count = $2 WHERE run_id = $1 AND step_index = 0', [id, retries])
    api.engine.changes.step(id, 0)
  }
  const tells = (retries: number) => (message: RunMessage) =>
    message.event === 'step' && message.data.retry_count === retries

  it('a change of a run that 500 clients watch costs one query', async () => {
    const id = await start(3)
    const streams = await Promise.all(Array.from({ length: 500 }, () => openStream(urlOf(id))))
    await Promise.all(streams.map((stream) => stream.until(({ event }) => event === 'run')))
    for (const retries of [1, 2, 3]) {
      const queries = await queriesDuring(api, async () => {
        await change(id, retries)
        await Promise.all(streams.map((stream) => stream.until(tells(retries))))
      })
      expect(queries).toBe(1)
    }
    for (const stream of streams) stream.close()
    const afterwards = await queriesDuring(api, async () => {
      await eventually(() => api.streams.size === 0)
      await change(id, 4)
      await throughout(200, () => undefined)
    })
    expect(afterwards).toBe(0)
  })

  it('streams of runs in which nothing happens cost none', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => start(2)))
    const streams = await Promise.all(ids.flatMap((id) => Array.from({ length: 10 }, () => openStream(urlOf(id)))))
    const lists = await Promise.all(Array.from({ length: 10 }, () => openStream(`${api.url}/api/v1/stream`)))
    const other = await start(1)
    // What the starts have set off has been told.
    await eventually(() => streams.every(({ messages }) => messages.length > 0))
    await throughout(300, () => undefined)
    expect(await queriesDuring(api, () => throughout(2_000, () => undefined))).toBe(0)
    // A run that nobody watches is read for the lists only.
    for (const stream of lists) stream.close()
    await eventually(() => api.streams.size === streams.length)
    const ofOther = await queriesDuring(api, async () => {
      await change(other, 1)
      await throughout(200, () => undefined)
    })
    expect(ofOther).toBe(0)
    for (const stream of streams) stream.close()
  })

  it('changes that come together are read together', async () => {
    const ids = await Promise.all(Array.from({ length: 30 }, () => start(2)))
    const streams = await Promise.all(ids.map((id) => openStream(urlOf(id))))
    await throughout(200, () => undefined)
    const queries = await queriesDuring(api, async () => {
      await Promise.all(ids.map((id) => change(id, 1)))
      await Promise.all(streams.map((stream) => stream.until(tells(1))))
    })
    expect(queries).toBeLessThan(10)
    for (const stream of streams) stream.close()
  })

  // Where BullMQ keeps its jobs makes no difference here.
  describe.runIf(backend === 'redis')('a client that does not read', () => {
    const STEPS = 2_000
    const ROUNDS = 30
    /** What all changes of all rounds would be. */
    const TOLD_BYTES = STEPS * ROUNDS * 400

    /** Changes all steps of a run again and again; a client that reads gets each of them, or newer ones. */
    const storm = async (id: string) => {
      const reader = await openStream(urlOf(id))
      for (let round = 1; round <= ROUNDS; round += 1) {
        await api.database.query('UPDATE steps SET retry_count = $2 WHERE run_id = $1', [id, round])
        api.engine.changes.whole([id])
        await reader.until(tells(round))
      }
      reader.close()
    }
    const last = new RegExp(`"step_id":"s${STEPS - 1}"[^}]*"retry_count":${ROUNDS}[,}]`)

    it('gets the newest state when it reads again, and nothing is kept for it meanwhile', async () => {
      const id = await start(STEPS)
      const socket = connect({ host: '127.0.0.1', port: Number(new URL(api.url).port) })
      socket.write(`GET /api/v1/runs/${id}/stream HTTP/1.1\r\nhost: test\r\n\r\n`)
      await eventually(() => api.streams.size === 1)
      await storm(id)
      let bytes = 0
      let end = ''
      socket.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        end = (end + chunk.toString('latin1')).slice(-2_000_000)
      })
      await eventually(() => last.test(end), { what: 'the newest state' })
      expect(bytes).toBeLessThan(TOLD_BYTES / 2)
      socket.destroy()
      await eventually(() => api.streams.size === 0)
    })

    it('gets it over a WebSocket, too', async () => {
      const id = await start(STEPS)
      const socket = new WebSocket(`${api.url}/api/v1/ws/runs/${id}`)
      let bytes = 0
      let retries = 0
      socket.on('message', (data) => {
        const text = (data as Buffer).toString('utf8')
        bytes += text.length
        const message = JSON.parse(text) as RunMessage
        if (message.event === 'step' && message.data.step_id === `s${STEPS - 1}`) retries = message.data.retry_count
      })
      await eventually(() => bytes > 0)
      socket.pause()
      await storm(id)
      socket.resume()
      await eventually(() => retries === ROUNDS, { what: 'the newest state' })
      expect(bytes).toBeLessThan(TOLD_BYTES / 2)
      socket.terminate()
      await eventually(() => api.streams.size === 0)
    })
  })
})
