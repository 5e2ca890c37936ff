import type { AddressInfo } from 'node:net'
import { serveApi, type ApiServer, type ServeOptions } from '../../src/api/serve.ts'
import { announceActions } from '../../src/db/workers.ts'
import type { QueueBackend } from '../../src/queue/connection.ts'
import type { AnyAction } from '../../workers/action.ts'
import { announcementsOf } from '../../workers/announcements.ts'
import { withSequencing } from './sequencing.ts'
import { registryWith } from './test-actions.ts'
import { startTestEngine, type TestEngine, type TestEngineOptions } from './test-engine.ts'

/** What a request was answered with. */
export interface Answer<Body> {
  status: number
  headers: Headers
  /** Parsed where it is JSON, else its text. */
  body: Body
}

/** How a request is sent; a `body` that is neither text nor bytes is sent as JSON. */
export interface CallOptions {
  /** Default: `POST` with a body, else `GET`. */
  method?: string
  body?: unknown
  headers?: Record<string, string>
}

/** The HTTP side of an engine of the test's own, over real sockets. */
export interface TestApi extends TestEngine {
  /** `http://127.0.0.1:port` */
  readonly url: string
  readonly streams: ApiServer['streams']
  /** Sends a request; a path that does not begin with `/` is below `/api/v1`. */
  call<Body = Record<string, unknown>>(path: string, options?: CallOptions): Promise<Answer<Body>>
}

/** Starts an API that knows `actions` beside the built-in ones; without a worker (`startWorker`), runs stay `queued`. */
export async function startApi(
  backend: QueueBackend = 'postgres',
  actions: readonly AnyAction[] = [],
  options: Pick<ServeOptions, 'keepAliveMs' | 'flushDrill'> & Pick<TestEngineOptions, 'reconcileIntervalMs'> = {},
): Promise<TestApi> {
  const engine = await startTestEngine({ ...options, backend, workers: 0, actions })
  await announceActions(engine.engine.db, announcementsOf(await registryWith(actions)))
  const { server, streams } = await serveApi(engine.engine, { host: '127.0.0.1', port: 0, ...options })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    ...engine,
    url,
    streams,
    call: (path, options) => call(path.startsWith('/') ? url + path : `${url}/api/v1/${path}`, options),
    async stop() {
      await streams.close()
      const closed = new Promise((resolve) => server.close(resolve))
      if ('closeAllConnections' in server) server.closeAllConnections()
      await closed
      await engine.stop()
    },
  }
}

async function call<Body>(url: string, { method, body, headers = {} }: CallOptions = {}): Promise<Answer<Body>> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array
  const response = await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...(isRaw || body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: isRaw ? body : JSON.stringify(withSequencing(body)) }),
  })
  const text = await response.text()
  const isJson = (response.headers.get('content-type') ?? '').includes('json')
  return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as Body }
}
