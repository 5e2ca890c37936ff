import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../src/dev/free-port.ts'
import { startPostgres } from '../src/dev/postgres.ts'
import { findRedisServer, startRedis } from '../src/dev/redis.ts'

/** The stores that a benchmark measures on: Postgres with fsync on, and Redis with its append-only file. */
export interface Stack {
  databaseUrl: string
  redisUrl: string
  stop(): Promise<void>
}

/** Starts both in a temporary folder; or takes BENCH_DATABASE_URL and BENCH_REDIS_URL, where they are set. */
export async function startStack(): Promise<Stack> {
  const given = { databaseUrl: process.env['BENCH_DATABASE_URL'], redisUrl: process.env['BENCH_REDIS_URL'] }
  if (given.databaseUrl !== undefined && given.redisUrl !== undefined) {
    return { databaseUrl: given.databaseUrl, redisUrl: given.redisUrl, stop: () => Promise.resolve() }
  }
  const program = findRedisServer(process.env['SLUICE_REDIS_SERVER'])
  if (program === null) throw new Error('no redis-server on the PATH: install one, or name it in SLUICE_REDIS_SERVER')
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
  const postgres = await startPostgres({
    folder: join(folder, 'postgres'),
    port: await freePort(),
    database: 'bench',
    durable: true,
  })
  const redis = await startRedis({ program, folder: join(folder, 'redis'), port: await freePort() })
  return {
    databaseUrl: postgres.url,
    redisUrl: redis.url,
    async stop() {
      await Promise.allSettled([redis.stop(), postgres.stop()])
      await rm(folder, { recursive: true, force: true })
    },
  }
}
