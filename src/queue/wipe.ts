import type { Redis } from 'ioredis'
import pg from 'pg'
import { scanKeys } from './scan.ts'

/** Forgetting all that BullMQ keeps for one prefix, and nothing else, while others go on adding to it. */

/** Longest that the tables may take to be locked; BullMQ's transactions are short. */
const LOCK_TIMEOUT_MS = 2_000
const TRIES = 10

/**
 * Removes the keys below `prefix:`; how many. `last` goes after all others: it is what tells that the data are lost, and
 * whoever begins anew for that must not have its own jobs removed. Never blocks the server: SCAN and UNLINK in pages.
 */
export async function wipeRedis(redis: Redis, prefix: string, last: string): Promise<number> {
  let removed = 0
  for await (const keys of scanKeys(redis, `${prefix}:*`)) {
    const others = keys.filter((key) => key !== last)
    if (others.length > 0) removed += await redis.unlink(...others)
  }
  return removed + (await redis.unlink(last))
}

/**
 * Empties BullMQ's tables in a schema, all at once; how many rows there were. Locks them for a moment: where that takes
 * too long, or collides, it is tried again.
 */
export async function wipePostgres(pool: pg.Pool, schema: string): Promise<number> {
  const client = await pool.connect()
  try {
    for (let tries = 1; ; tries += 1) {
      try {
        return await truncate(client, schema)
      } catch (error) {
        await client.query('ROLLBACK')
        if (tries === TRIES || !isCollision(error)) throw error
      }
    }
  } finally {
    client.release()
  }
}

async function truncate(client: pg.PoolClient, schema: string): Promise<number> {
  await client.query('BEGIN')
  await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`)
  const { rows: tables } = await client.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = $1 AND tablename <> 'migration' ORDER BY tablename`,
    [schema],
  )
  const names = tables.map(({ name }) => `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`)
  await client.query(`LOCK TABLE ${names.join(', ')} IN ACCESS EXCLUSIVE MODE`)
  const { rows } = await client.query<{ rows: number }>(
    `SELECT (${names.map((name) => `(SELECT count(*) FROM ${name})`).join(' + ')})::float8 AS rows`,
  )
  await client.query(`TRUNCATE ${names.join(', ')}`)
  await client.query('COMMIT')
  return rows[0]?.rows ?? 0
}

/** A deadlock, or a lock that was not to be had in time. */
function isCollision(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code === '40P01' || error.code === '55P03')
}
