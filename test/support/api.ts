import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { createApp } from '../../src/api/app.ts'
import { openDatabase } from '../../src/db/client.ts'
import { createEngine, type Engine } from '../../src/engine/engine.ts'
import { createLogger } from '../../src/log.ts'
import { RunQueue } from '../../src/queue/queue.ts'
import { loadActions } from '../../workers/registry.ts'
import { startWorker } from '../../workers/worker.ts'
import { createTestDatabase, type TestDatabase } from './test-database.ts'

/** What a request was answered with. */
export interface Answer<Body> {
  status: number
  headers: Headers
  /** The answer as JSON; null where there is none. */
  body: Body
}

/** How a request is sent; `body` is sent as JSON unless it is text or bytes. */
export interface CallOptions {
  method?: string
  body?: unknown
  headers?: Record<string, string>
}

/** An API process within the test's own, over real HTTP, on a database of its own with BullMQ on that same Postgres. */
export interface TestApi {
  engine: Engine
  database: TestDatabase
  /** `http://127.0.0.1:port` */
  url: string
  /** Sends a request; a path that does not begin with `/` is below `/api/v1`. */
  call<Body = Record<string, unknown>>(path: string, options?: CallOptions): Promise<Answer<Body>>
  /** Starts a worker with all built-in actions, which stops with the API. */
  startWorker(): Promise<void>
  close(): Promise<void>
}

/** Starts an API; without a worker, runs stay `queued`. */
export async function startApi(): Promise<TestApi> {
  const log = createLogger('test', 'silent')
  const database = await createTestDatabase()
  const db = openDatabase({ url: database.url, connections: 10, applicationName: 'test api', log })
  const queue = await RunQueue.open({
    backend: 'postgres',
    url: database.url,
    prefix: 'test',
    keepCompleted: 100,
    keepFailed: 100,
    log,
  })
  const engine = createEngine({ db, queue, log, lockDurationMs: 5_000 })
  const server = serve({ fetch: createApp(engine).fetch, hostname: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const closers: (() => Promise<unknown>)[] = [() => queue.close(), () => db.close(), () => database.close()]
  return {
    engine,
    database,
    url,
    call: (path, options) => call(path.startsWith('/') ? url + path : `${url}/api/v1/${path}`, options),
    async startWorker() {
      const actions = await loadActions({ log })
      const onDead = (reason: string) => {
        throw new Error(reason)
      }
      const parts = { queues: ['default'], concurrency: 20, heartbeatMs: 500, shutdownGraceMs: 2_000 }
      const worker = await startWorker({ engine, actions, onDead, ...parts })
      closers.unshift(() => worker.stop())
    },
    async close() {
      await new Promise((resolve) => {
        server.close(resolve)
        if ('closeAllConnections' in server) server.closeAllConnections()
      })
      for (const close of closers) await close()
    },
  }
}

async function call<Body>(url: string, { method, body, headers = {} }: CallOptions = {}): Promise<Answer<Body>> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array
  const response = await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...(isRaw || body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: isRaw ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  const isJson = (response.headers.get('content-type') ?? '').includes('json')
  return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as Body }
}
