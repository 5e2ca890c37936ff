import { randomUUID } from 'node:crypto'
import { inject } from 'vitest'
import { openDatabase } from '../../src/db/client.ts'
import { createOrder } from '../../src/engine/create-order.ts'
import { createEngine, type Engine } from '../../src/engine/engine.ts'
import { startReconciler } from '../../src/engine/reconcile.ts'
import { registerWorkflow } from '../../src/engine/register.ts'
import { startRuns, type StartRequest } from '../../src/engine/start.ts'
import { createLogger, type LogLevel } from '../../src/log.ts'
import type { QueueBackend } from '../../src/queue/connection.ts'
import { RunQueue } from '../../src/queue/queue.ts'
import type { DefinitionInput, Json } from '../../src/workflow/definition.ts'
import { isFinished } from '../../src/workflow/states.ts'
import type { AnyAction } from '../../workers/action.ts'
import { startWorker, type RunningWorker } from '../../workers/worker.ts'
import { eventually, type Patience } from './eventually.ts'
import { readRunRecord, type RunRecord } from './run-record.ts'
import { withSequencing } from './sequencing.ts'
import { registryWith } from './test-actions.ts'
import { createTestDatabase, type TestDatabase } from './test-database.ts'

/** How {@link startTestEngine} sets the engine up. */
export interface TestEngineOptions {
  backend: QueueBackend
  /** Actions beside the built-in ones. */
  actions?: readonly AnyAction[]
  /** Default: one worker. */
  workers?: number
  worker?: WorkerSettings
  /** Default 2000: tests of dead workers need not wait for long. */
  lockDurationMs?: number
  /** Default 500. */
  reconcileIntervalMs?: number
  /** Finished jobs that each queue keeps; default 1000. */
  keepJobs?: number
  /** Told the name of each batch statement of the workers. */
  onBatch?: (name: string) => void
}

/** What a worker of {@link TestEngine} may be told. */
export interface WorkerSettings {
  queues?: readonly string[]
  concurrency?: number
  shutdownGraceMs?: number
}

/** API side, workers and reconciler of the engine in this process, on a database and a queue prefix of their own. */
export interface TestEngine {
  /** The engine as the API process has it. */
  readonly engine: Engine
  readonly database: TestDatabase
  readonly prefix: string
  /** Registers a definition and starts a run of it. */
  start(definition: DefinitionInput, request?: StartRequest): Promise<string>
  /** The run's record once it has ended; default patience 60 s. */
  ended(runId: string, patience?: Patience): Promise<RunRecord>
  /** {@link start}, then {@link ended}. */
  run(definition: DefinitionInput, request?: StartRequest, patience?: Patience): Promise<RunRecord>
  read(runId: string): Promise<RunRecord>
  /** A new order's id. */
  order(): Promise<string>
  startWorker(settings?: WorkerSettings): Promise<RunningWorker>
  /** Stops everything and drops the database. */
  stop(): Promise<void>
}

/** Where BullMQ keeps its jobs in these tests. */
export function queueUrl(backend: QueueBackend, databaseUrl: string): string {
  return backend === 'redis' ? inject('redisUrl') : databaseUrl
}

/** Log of the engine in tests: silent, unless TEST_LOG_LEVEL says otherwise. */
export function testLog() {
  return createLogger('test', (process.env['TEST_LOG_LEVEL'] ?? 'silent') as LogLevel)
}

/** Starts the engine in this process, as src/main.ts and workers/main.ts do in theirs. */
export async function startTestEngine(options: TestEngineOptions): Promise<TestEngine> {
  const { lockDurationMs = 2_000, keepJobs = 1_000 } = options
  const log = testLog()
  const prefix = `t${randomUUID().replaceAll('-', '').slice(0, 12)}`
  const closers: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close()
  }
  try {
    const database = await createTestDatabase()
    closers.push(() => database.close())
    const registry = await registryWith(options.actions ?? [])
    const url = queueUrl(options.backend, database.url)
    const openEngine = async (hot: boolean): Promise<Engine> => {
      const db = openDatabase({ url: database.url, connections: 5, applicationName: 'test engine', hot, log })
      closers.push(() => db.close())
      const { batch } = db
      if (hot) {
        db.batch = (name, text, values) => {
          options.onBatch?.(name)
          return batch(name, text, values)
        }
      }
      const queue = await RunQueue.open({
        backend: options.backend,
        url,
        prefix,
        keepCompleted: keepJobs,
        keepFailed: keepJobs,
        log,
      })
      closers.push(() => queue.close())
      return createEngine({ db, queue, log, lockDurationMs })
    }
    const engine = await openEngine(false)
    const reconciler = startReconciler(engine, {
      databaseUrl: database.url,
      intervalMs: options.reconcileIntervalMs ?? 500,
    })
    closers.push(() => reconciler.stop())
    // Runs that are started before its first tick are dispatched by it a second time.
    await eventually(() => engine.queueLife.token !== null, { what: "the reconciler's first tick" })
    const start = async (settings: WorkerSettings = {}) => {
      const worker = await startWorker({
        engine: await openEngine(true),
        actions: registry,
        queues: settings.queues ?? ['default'],
        concurrency: settings.concurrency ?? 50,
        heartbeatMs: lockDurationMs / 4,
        shutdownGraceMs: settings.shutdownGraceMs ?? 1_000,
        lastWritesMs: 60_000,
        onDead: (reason) => log.fatal(reason),
      })
      closers.push(() => worker.stop())
      return worker
    }
    for (let count = options.workers ?? 1; count > 0; count -= 1) await start(options.worker)
    return { ...verbs(engine, database), engine, database, prefix, startWorker: start, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function verbs(engine: Engine, database: TestDatabase) {
  const read = (runId: string) => readRunRecord(database, runId)
  const start = async (definition: DefinitionInput, request: StartRequest = {}): Promise<string> => {
    const { version } = await registerWorkflow(engine, withSequencing(definition) as Json)
    const [id = ''] = (await startRuns(engine, version, [request])).ids
    return id
  }
  const ended = async (runId: string, patience: Patience = {}): Promise<RunRecord> => {
    await eventually(
      async () => {
        const [run] = await database.query<{ status: RunRecord['status'] }>('SELECT status FROM runs WHERE id = $1', [
          runId,
        ])
        if (run !== undefined && isFinished(run.status)) return
        throw new Error(`it is ${run?.status ?? 'not there'}`)
      },
      { timeoutMs: 60_000, what: `the end of run ${runId}`, ...patience },
    )
    return read(runId)
  }
  return {
    read,
    start,
    ended,
    run: async (definition: DefinitionInput, request?: StartRequest, patience?: Patience) =>
      ended(await start(definition, request), patience),
    order: async () => (await createOrder(engine, { amount: '12.50', currency: 'EUR', reference: null })).id,
  }
}
