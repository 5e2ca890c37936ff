import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { readConfig, type Config } from '../config.ts'
import { messageOf, SluiceError } from '../errors.ts'
import { createLifecycle, runMain, type Lifecycle } from '../lifecycle.ts'
import type { Logger } from '../log.ts'
import { PACKAGE_ROOT } from '../package-root.ts'
import { banner } from './banner.ts'
import { registerExamples } from './examples.ts'
import { freePort } from './free-port.ts'
import { lockHome } from './home.ts'
import { readableLogLine } from './log-lines.ts'
import { startNodeProcess } from './node-process.ts'
import { startPostgres } from './postgres.ts'
import { findRedisServer, startRedis } from './redis.ts'
import type { Server } from './server.ts'
import { planStores, type StorePlan } from './stores.ts'
import { orAfter } from '../timeout.ts'
import { supervise, type Running, type Supervised } from './supervisor.ts'

/** Time that a stopping API or worker has beyond its grace period, before it is killed. */
const LAST_WRITES_MS = 7000
/** Time that Redis and Postgres have together for their shutdown. */
const STORES_MS = 40_000
/** Migrations of a large database take their time. */
const READY_WITHIN_MS = 120_000
const POLL_MS = 100

const API = join(PACKAGE_ROOT, 'dist/src/main.js')
const WORKER = join(PACKAGE_ROOT, 'dist/workers/main.js')

/** What every part of a start needs. */
interface Start {
  config: Config
  log: Logger
  lifecycle: Lifecycle
  /** Whatever runs, newest last: what has to die at once when the user insists. */
  running: Supervised<Running>[]
}

/**
 * `npm start`: the stores that nobody configured, the API and the workers as processes of their own, the examples. Runs
 * until it is stopped, starts again whatever ends by itself, and stops in the order workers, API, Redis, Postgres.
 */
export function serve(): void {
  runMain(async () => {
    const config = readConfig()
    const log = pino({ level: config.logLevel }, { write: (line) => print('sluice', line.trimEnd()) })
    const stopWithinMs = 2 * (config.shutdownGraceMs + LAST_WRITES_MS) + STORES_MS
    const lifecycle = createLifecycle({ log, deadlineMs: stopWithinMs })
    const start: Start = { config, log, lifecycle, running: [] }
    process.on('exit', () => killRest(start.running))
    try {
      await startEverything(start)
    } catch (error) {
      if (lifecycle.signal.aborted) return
      console.error(error instanceof SluiceError ? messageOf(error) : error)
      await lifecycle.stop('the start failed', 1)
    }
  })
}

async function startEverything(start: Start): Promise<void> {
  const { config, log, lifecycle } = start
  const port = await choosePort(config)
  const plan = planStores(config, findRedisServer(config.redisServer))
  if (plan.database.kind === 'embedded' || plan.queue.kind === 'embedded') {
    const unlock = await lockHome(config.home)
    lifecycle.onStop('the lock of SLUICE_HOME', unlock)
  }
  const environment = { ...(await startStores(start, plan)), PORT: String(port) }
  const api = keep(start, 'api', () => program(start, 'api', [API], environment))
  const workers = Array.from({ length: config.workers }, (_, index) => {
    const name = `worker ${index + 1}`
    return supervise(name, () => program(start, name, [WORKER], environment), log)
  })
  start.running.push(...workers)
  lifecycle.onStop('the workers', () => Promise.all(workers.map((worker) => worker.stop())))

  const host = ['0.0.0.0', '::'].includes(config.host) ? '127.0.0.1' : config.host
  const origin = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  await untilReady(origin, api, lifecycle.signal)
  const examples = await registerExamples(join(PACKAGE_ROOT, 'examples'), origin, log)
  const pids = workers.map((worker) => worker.current()?.pid ?? 0)
  console.log(banner({ origin, plan, environment, apiPid: api.current()?.pid ?? 0, workerPids: pids, examples }))
}

/** Starts what is to be embedded and answers what the processes need to know of the stores. */
async function startStores(start: Start, plan: StorePlan): Promise<Record<string, string>> {
  const { database, queue } = plan
  const postgres =
    database.kind === 'embedded'
      ? keepServer(start, 'Postgres', (port) =>
          startPostgres({ folder: database.folder, database: 'sluice', durable: true, ...port }),
        )
      : { url: database.url }
  const redis =
    queue.kind === 'embedded'
      ? keepServer(start, 'Redis', (port) => startRedis({ program: queue.program, folder: queue.folder, ...port }))
      : undefined
  const [databaseUrl, redisUrl] = await Promise.all([
    'url' in postgres ? postgres.url : postgres.started.then(({ url }) => url),
    redis?.started.then(({ url }) => url) ?? (queue.kind === 'given' ? queue.url : ''),
  ])
  return {
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    QUEUE_BACKEND: queue.kind === 'postgres' ? 'postgres' : 'redis',
  }
}

/** Keeps a store running, at the port that it had first. */
function keepServer(start: Start, name: string, launch: (port: { port?: number }) => Promise<Server>) {
  let known: { port?: number } = {}
  return keep(start, name, async () => {
    const server = await launch(known)
    known = { port: server.port }
    return server
  })
}

/** Keeps something running until this process stops. */
function keep<T extends Running>(start: Start, name: string, launch: () => Promise<T>): Supervised<T> {
  const supervised = supervise(name, launch, start.log)
  start.running.push(supervised)
  start.lifecycle.onStop(name, () => supervised.stop())
  return supervised
}

function program(start: Start, name: string, command: string[], environment: Record<string, string>): Promise<Running> {
  const running = startNodeProcess({
    command,
    environment,
    onLine: (line) => print(name, line),
    stopWithinMs: start.config.shutdownGraceMs + LAST_WRITES_MS,
  })
  return Promise.resolve(running)
}

/** The port of the API. Throws `invalid_config` before anything is started where it is taken. */
async function choosePort({ host, port }: Config): Promise<number> {
  if (port === 0) return await freePort()
  const server = createServer().listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    const message = `PORT is "${port}", but ${host}:${port} cannot be listened on (${messageOf(error)}): stop what uses it, or start with another, like PORT=${port + 1} npm start`
    throw new SluiceError('invalid_config', message, { cause: error })
  }
  server.close()
  await once(server, 'close')
  return port
}

/** Throws `unavailable` where the API ends before it was ready, or does not get ready in time. */
async function untilReady(origin: string, api: Supervised<Running>, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS
  let ended: string | undefined
  void api.firstEnd.then((end) => (ended = end))
  let last: unknown
  while (Date.now() < deadline) {
    if (ended !== undefined) throw new SluiceError('unavailable', `the API did not start: it ended with ${ended}`)
    try {
      const response = await fetch(`${origin}/ready`, { signal: orAfter(signal, 5_000) })
      const answer = await response.text()
      if (response.ok) return
      last = `${response.status} ${answer}`
    } catch (error) {
      signal.throwIfAborted()
      last = messageOf(error)
    }
    await sleep(POLL_MS, undefined, { signal })
  }
  throw new SluiceError('unavailable', `the API is not ready after ${READY_WITHIN_MS / 1000} s: ${String(last)}`)
}

/** The user insists: nothing may stay behind. Does nothing after an orderly stop. */
function killRest(running: readonly Supervised<Running>[]): void {
  for (const one of running.toReversed()) one.current()?.kill()
}

function print(source: string, line: string): void {
  process.stderr.write(`${readableLogLine(source, line)}\n`)
}
