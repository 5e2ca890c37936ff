import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { startPostgres } from '../../src/dev/postgres.ts'
import { findRedisServer, startRedis } from '../../src/dev/redis.ts'
import type { Server } from '../../src/dev/server.ts'

/** A server of a test's own, which may be stopped and started again at the same address. */
export interface PrivateServer {
  readonly url: string
  readonly pid: number
  /** Stops it; its data stay. */
  stop(): Promise<void>
  /** Ends it by a signal, whatever it is doing; its data stay. */
  end(signal: NodeJS.Signals): Promise<void>
  /** Starts it again; `empty` forgets its data before. */
  start(options?: { empty?: boolean }): Promise<void>
  /** Stops it for good and removes its data. */
  dispose(): Promise<void>
}

/** The Redis program of this machine; throws with the remedy where there is none. */
export function redisProgram(): string {
  const program = findRedisServer(process.env['SLUICE_REDIS_SERVER'])
  if (program !== null) return program
  throw new Error(
    'no redis-server on the PATH: install one, name it in SLUICE_REDIS_SERVER, or let `npm test` fetch it',
  )
}

/** Starts a Redis that nobody else uses. */
export function startPrivateRedis(): Promise<PrivateServer> {
  return startPrivate((folder, port) => startRedis({ program: redisProgram(), folder, ...port }))
}

/** Starts a Postgres that nobody else uses; its database is called `test`. It does not survive a crash of the machine. */
export function startPrivatePostgres(): Promise<PrivateServer> {
  return startPrivate((folder, port) => startPostgres({ folder, ...port, database: 'test', durable: false }))
}

async function startPrivate(
  launch: (folder: string, port: { port?: number }) => Promise<Server>,
): Promise<PrivateServer> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  const data = join(folder, 'data')
  let server: Server
  try {
    server = await launch(data, {})
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
  const { url, port } = server
  return {
    url,
    get pid() {
      return server.pid
    },
    stop: () => server.stop(),
    async end(signal) {
      process.kill(server.pid, signal)
      await server.exited
    },
    async start(options = {}) {
      if (options.empty === true) await rm(data, { recursive: true, force: true })
      server = await launch(data, { port })
    },
    async dispose() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Runs `use` with a connection of its own to a Redis. */
export async function withRedis<T>(url: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { maxRetriesPerRequest: 1 })
  redis.on('error', () => undefined)
  try {
    return await use(redis)
  } finally {
    redis.disconnect()
  }
}
