import { readServiceConfig, workerFlags } from '../src/config.ts'
import { openDatabase } from '../src/db/client.ts'
import { waitForMigrations } from '../src/db/migrate.ts'
import { createEngine } from '../src/engine/engine.ts'
import { createLifecycle, runMain } from '../src/lifecycle.ts'
import { createLogger } from '../src/log.ts'
import { queueOptions } from '../src/queue/connection.ts'
import { RunQueue } from '../src/queue/queue.ts'
import { allowAddresses } from './actions/http/addresses.ts'
import { loadActions } from './registry.ts'
import { startWorker } from './worker.ts'

/** Time beyond the grace period that a stopping worker has for its last writes. */
const LAST_WRITES_MS = 5_000

/** How long the queue has to stop: where its store does not answer, waiting longer brings nothing. */
const QUEUE_WITHIN_MS = 2_000

/** The worker process: takes steps from the queues of `--queues` (or WORKER_QUEUES), `--concurrency` at once. */
runMain(async () => {
  const config = readServiceConfig(process.env, workerFlags(process.argv.slice(2)))
  const log = createLogger('worker', config.logLevel)
  const lifecycle = createLifecycle({ log, deadlineMs: config.shutdownGraceMs + LAST_WRITES_MS })

  allowAddresses(config.httpAllow)
  const actions = await loadActions({ folder: config.actionsFolder, log })
  const db = openDatabase({
    url: config.databaseUrl,
    connections: config.databasePool,
    applicationName: 'sluice worker',
    hot: true,
    log,
  })
  lifecycle.onStop('Postgres', () => db.close())
  await waitForMigrations(db, { log, signal: lifecycle.signal })
  const queue = await RunQueue.open(queueOptions(config, log))
  lifecycle.onStop('the queue', () => queue.close(), QUEUE_WITHIN_MS)

  const worker = await startWorker({
    engine: createEngine({ db, queue, log, lockDurationMs: config.lockDurationMs }),
    actions,
    queues: config.workerQueues,
    concurrency: config.workerConcurrency,
    heartbeatMs: config.heartbeatMs,
    shutdownGraceMs: config.shutdownGraceMs,
    onDead: (reason) => {
      log.fatal(reason)
      void lifecycle.stop(reason, 1)
    },
  })
  lifecycle.onStop('the worker', () => worker.stop())
  log.info({ worker: worker.id, queues: config.workerQueues, concurrency: config.workerConcurrency }, 'taking steps')
})
