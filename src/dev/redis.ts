import { spawnSync } from 'node:child_process'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { SluiceError } from '../errors.ts'
import { withParentDeathSignal } from './parent-death.ts'
import { atRememberedPort, rememberedPort } from './remembered-port.ts'
import { startServer, stopLeftover, type Server, type StopSignal } from './server.ts'

/** What {@link startRedis} needs to know. */
export interface RedisOptions {
  /** See {@link findRedisServer}. */
  program: string
  /** Holds the data and the log; created when missing, found again later. */
  folder: string
  /** Not given: a free one, and the same at each start where it is still free. */
  port?: number
  /** Whether what it acknowledged outlives it, but for the last second; true. */
  durable?: boolean
}

/** Whoever has the port instead of Redis may accept connections, and never answer. */
const PING_TIMEOUT_MS = 2000
const STOP_SIGNALS: StopSignal[] = [{ signal: 'SIGTERM', waitMs: 15_000 }]

/**
 * The server program to use: the one configured, else the first of `redis-server` and `valkey-server` on the search
 * path, else null. Throws `unavailable` where the configured one does not run.
 */
export function findRedisServer(configured: string | undefined): string | null {
  const candidates = configured === undefined ? ['redis-server', 'valkey-server'] : [configured]
  const found = candidates.find((program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0)
  if (found === undefined && configured !== undefined) {
    throw new SluiceError('unavailable', `SLUICE_REDIS_SERVER is "${configured}", but that does not run`)
  }
  return found ?? null
}

/**
 * Starts a private Redis (or Valkey) on 127.0.0.1 that never evicts, and resolves once it answers. A server that a killed
 * process left on the same folder is stopped first.
 */
export async function startRedis(options: RedisOptions): Promise<Server> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 })
  const pidFile = join(options.folder, 'redis.pid')
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''))
  // Redis shows its port where its command line was.
  await stopLeftover(pid, `127.0.0.1:${await rememberedPort(options.folder)}`, STOP_SIGNALS)
  const startAt = (port: number) => startOnce(options, pidFile, port)
  return await (options.port === undefined ? atRememberedPort(options.folder, startAt) : startAt(options.port))
}

async function startOnce(options: RedisOptions, pidFile: string, port: number): Promise<Server> {
  const settings = {
    bind: '127.0.0.1',
    port: String(port),
    dir: options.folder,
    pidfile: pidFile,
    appendonly: options.durable === false ? 'no' : 'yes',
    appendfsync: 'everysec',
    save: '',
    'maxmemory-policy': 'noeviction',
    daemonize: 'no',
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  const url = `redis://127.0.0.1:${port}`
  return await startServer({
    name: 'Redis',
    command: await withParentDeathSignal([options.program, ...flags]),
    logFile: join(options.folder, 'redis.log'),
    port,
    url,
    ping: () => ping(url, pidFile),
    stopSignals: STOP_SIGNALS,
  })
}

/** Throws unless the Redis that answers is ours: one that took the port before would answer as well. */
async function ping(url: string, pidFile: string): Promise<void> {
  const client = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    connectTimeout: PING_TIMEOUT_MS,
    commandTimeout: PING_TIMEOUT_MS,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.ping()
    const [, answered] = await client.config('GET', 'pidfile')
    if (answered !== pidFile) throw new SluiceError('unavailable', `${url} is another Redis`)
  } finally {
    client.disconnect()
  }
}
