import { serveApi, type ApiServer } from './api/serve.ts'
import { readServiceConfig, type ServiceConfig } from './config.ts'
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

/** How long the reconciler and the queue have to stop: where a store does not answer, waiting longer brings nothing. */
const STOP_WITHIN_MS = 5_000

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
  lifecycle.onStop('the queue', () => queue.close(), STOP_WITHIN_MS)
  const engine = createEngine({ db, queue, log, lockDurationMs: config.lockDurationMs })
  await announceActions(db, announcementsOf(await loadActions({ log })))
  const reconciler = startReconciler(engine, {
    databaseUrl: config.databaseUrl,
    intervalMs: config.reconcileIntervalMs,
  })
  lifecycle.onStop('the reconciler', () => reconciler.stop(), STOP_WITHIN_MS)

  lifecycle.onStop('signals', () => engine.changes.drained())
  const { server, streams } = await listen(engine, config)
  lifecycle.onStop('HTTP', () => closeServer(server, config.shutdownGraceMs))
  lifecycle.onStop('streams', () => streams.close())
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : config.port
  log.info({ host: config.host, port, queue: config.queueBackend }, `listening on http://${config.host}:${port}`)
})

type ListenOptions = Pick<ServiceConfig, 'host' | 'port' | 'flushDrill'>

/** Listens, or says who is in the way. */
async function listen(engine: Engine, { host, port, flushDrill }: ListenOptions): Promise<ApiServer> {
  try {
    return await serveApi(engine, { host, port, flushDrill })
  } catch (error) {
    const taken = `port ${port} of ${host} is taken: stop what listens there, or set PORT to another`
    const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
    throw isTaken ? new SluiceError('invalid_config', taken, { cause: error }) : error
  }
}

/** Takes no more requests and ends when those under way have been answered, or after the grace period. */
function closeServer(server: ApiServer['server'], graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    if ('closeIdleConnections' in server) server.closeIdleConnections()
    setTimeout(() => 'closeAllConnections' in server && server.closeAllConnections(), graceMs).unref()
  })
}
