import { serve } from '@hono/node-server'
import { createApp } from './api/app.ts'
import { readServiceConfig } from './config.ts'
import { openDatabase } from './db/client.ts'
import { migrate } from './db/migrate.ts'
import { announceActions } from './db/workers.ts'
import { createEngine, type Engine } from './engine/engine.ts'
import { startReconciler } from './engine/reconcile.ts'
import { SluiceError } from './errors.ts'
import { createLifecycle, runMain } from './lifecycle.ts'
import { createLogger } from './log.ts'
import { queueOptions } from './queue/connection.ts'
import { RunQueue } from './queue/queue.ts'
import { announcementsOf } from '../workers/announcements.ts'
import { loadActions } from '../workers/registry.ts'

/** Time that a stopping process has for its last writes, beyond the grace period. */
const LAST_WRITES_MS = 5_000

/** The API process: HTTP, and the reconciler where it leads. */
runMain(async () => {
  const config = readServiceConfig()
  const log = createLogger('api', config.logLevel)
  const lifecycle = createLifecycle({ log, deadlineMs: config.shutdownGraceMs + LAST_WRITES_MS })

  await migrate(config.databaseUrl)
  const db = openDatabase({
    url: config.databaseUrl,
    connections: config.databasePool,
    applicationName: 'sluice api',
    log,
  })
  lifecycle.onStop('Postgres', () => db.close())
  const queue = await RunQueue.open(queueOptions(config, log))
  lifecycle.onStop('the queue', () => queue.close())
  const engine = createEngine({ db, queue, log, lockDurationMs: config.lockDurationMs })
  await announceActions(db, announcementsOf(await loadActions({ log })))
  const reconciler = startReconciler(engine, {
    databaseUrl: config.databaseUrl,
    intervalMs: config.reconcileIntervalMs,
  })
  lifecycle.onStop('the reconciler', () => reconciler.stop())

  const server = await listen(engine, config)
  lifecycle.onStop('HTTP', () => closeServer(server, config.shutdownGraceMs))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : config.port
  log.info({ host: config.host, port, queue: config.queueBackend }, `listening on http://${config.host}:${port}`)
})

type Server = ReturnType<typeof serve>

/** Listens, or says who is in the way. */
function listen(engine: Engine, { host, port }: { host: string; port: number }): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: createApp(engine).fetch, hostname: host, port }, () => resolve(server))
    server.on('error', (error: NodeJS.ErrnoException) => {
      const taken = `port ${port} of ${host} is taken: stop what listens there, or set PORT to another`
      reject(error.code === 'EADDRINUSE' ? new SluiceError('invalid_config', taken, { cause: error }) : error)
    })
  })
}

/** Takes no more requests and ends when those under way have been answered, or after the grace period. */
function closeServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    if ('closeIdleConnections' in server) server.closeIdleConnections()
    setTimeout(() => 'closeAllConnections' in server && server.closeAllConnections(), graceMs).unref()
  })
}
