import { serve } from '@hono/node-server'
import type { Engine } from '../engine/engine.ts'
import { createApp } from './app.ts'
import { answeringRefusals } from './stream/refused-upgrade.ts'
import { Streams } from './stream/streams.ts'
import { createWebSocketServer } from './stream/web-socket.ts'

/** Where to listen, and what else the API may be told. */
export interface ServeOptions {
  host: string
  port: number
  /** Milliseconds between two signs of life on a stream; default 15,000. */
  keepAliveMs?: number
  /** Whether a flush drill is allowed; default false. */
  flushDrill?: boolean
}

/** A server that listens, and its streams, which have to be closed before it can be. */
export interface ApiServer {
  server: ReturnType<typeof serve>
  streams: Streams
}

/** Serves the API. Rejects with the error of the socket where that cannot listen. */
export function serveApi(
  engine: Engine,
  { host, port, keepAliveMs, flushDrill = false }: ServeOptions,
): Promise<ApiServer> {
  const streams = new Streams(engine, keepAliveMs === undefined ? {} : { keepAliveMs })
  const { fetch } = createApp(engine, streams, { flushDrill })
  return new Promise((resolve, reject) => {
    const websocket = { server: createWebSocketServer() }
    const server = serve({ fetch: answeringRefusals(fetch), hostname: host, port, websocket }, () =>
      resolve({ server, streams }),
    )
    server.on('error', reject)
  })
}
