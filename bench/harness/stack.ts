import { readFileSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { freePort } from '../../src/dev/free-port.ts'
import { startPostgres } from '../../src/dev/postgres.ts'
import { findRedisServer, startRedis } from '../../src/dev/redis.ts'
import type { Server } from '../../src/dev/server.ts'

/** The stores that a benchmark measures on: Postgres with fsync on, and Redis with its append-only file. */
export interface Stack {
  databaseUrl: string
  redisUrl: string
  /** Whatever else has to be kept in files; removed with the stack. */
  folder: string
  /** Numbers of the servers' processes; null where they are not ours. */
  pids: { postgres: number; redis: number } | null
  stop(): Promise<void>
}

/**
 * Starts both in a temporary folder; or takes BENCH_DATABASE_URL and BENCH_REDIS_URL, where they are set. With
 * `statements`, Postgres counts statements (pg_stat_statements), which costs it a little.
 */
export async function startStack({ statements = false } = {}): Promise<Stack> {
  const given = { databaseUrl: process.env['BENCH_DATABASE_URL'], redisUrl: process.env['BENCH_REDIS_URL'] }
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  if (given.databaseUrl !== undefined && given.redisUrl !== undefined) {
    return {
      databaseUrl: given.databaseUrl,
      redisUrl: given.redisUrl,
      folder,
      pids: null,
      stop: () => Promise.resolve(),
    }
  }
  const options = { folder: join(folder, 'postgres'), port: await freePort(), database: 'bench', durable: true }
  let postgres = await startPostgres(options)
  if (statements) {
    await query(postgres.url, "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
    await postgres.stop()
    postgres = await startPostgres(options)
  }
  const redis = await startPrivateRedis(join(folder, 'redis'))
  const pidIn = (...path: string[]) => Number(readFileSync(join(folder, ...path), 'utf8').split('\n')[0])
  return {
    databaseUrl: postgres.url,
    redisUrl: redis.url,
    folder,
    pids: { postgres: pidIn('postgres', 'data', 'postmaster.pid'), redis: pidIn('redis', 'redis.pid') },
    async stop() {
      await Promise.allSettled([redis.stop(), postgres.stop()])
    },
  }
}

/** A Redis of its own for a part of a benchmark that keeps nothing on disk, in the stack's folder. */
export async function startVolatileRedis({ folder }: Stack): Promise<Pick<Stack, 'redisUrl' | 'stop'>> {
  const redis = await startPrivateRedis(join(folder, 'volatile-redis'), { durable: false })
  return { redisUrl: redis.url, stop: () => redis.stop() }
}

async function startPrivateRedis(folder: string, { durable = true } = {}): Promise<Server> {
  const program = findRedisServer(process.env['SLUICE_REDIS_SERVER'])
  if (program === null) throw new Error('no redis-server on the PATH: install one, or name it in SLUICE_REDIS_SERVER')
  return startRedis({ program, folder, port: await freePort(), durable })
}

/** Rows of one statement, on a connection of its own. */
export async function query<Row extends pg.QueryResultRow>(
  url: string,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(text, values)).rows
  } finally {
    await client.end()
  }
}

/** Creates an empty database on the server of `url`, and answers its URL. */
export async function createDatabase(url: string, name: string): Promise<string> {
  await query(url, `CREATE DATABASE ${pg.escapeIdentifier(name)}`)
  const own = new URL(url)
  own.pathname = `/${name}`
  return own.href
}

/** Drops a database that {@link createDatabase} made, whoever is still connected. */
export async function dropDatabase(url: string, ownUrl: string): Promise<void> {
  const name = new URL(ownUrl).pathname.slice(1)
  await query(url, `DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`)
}
