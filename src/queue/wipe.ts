import type { Redis } from 'ioredis'
import pg from 'pg'
import { SluiceError } from '../errors.ts'
import { scanKeys } from './scan.ts'

/** Forgetting all that BullMQ keeps for one prefix, and nothing else, while others go on adding to it. */

/**
 * How long the first try waits for the tables, and the longest that one does. Below Postgres's `deadlock_timeout` (1 s): a
 * transaction of BullMQ that holds one table and waits for another that is locked already is let through, not broken off.
 */
const FIRST_LOCK_TIMEOUT_MS = 100
const LONGEST_LOCK_TIMEOUT_MS = 800
/** Longest that the tables may take to be had; BullMQ's transactions take milliseconds. */
const GIVE_UP_AFTER_MS = 20_000

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
 * Empties BullMQ's tables in a schema, all at once; how many rows there were. Locks them for a moment; where somebody has them
 * it makes way, and tries again. Throws `timed_out` where that goes on for `giveUpAfterMs`: nothing was removed then.
 */
export async function wipePostgres(pool: pg.Pool, schema: string, giveUpAfterMs = GIVE_UP_AFTER_MS): Promise<number> {
  const giveUpAt = performance.now() + giveUpAfterMs
  const client = await pool.connect()
  let lockTimeoutMs = FIRST_LOCK_TIMEOUT_MS
  try {
    for (;;) {
      try {
        return await truncate(client, schema, lockTimeoutMs)
      } catch (error) {
        await client.query('ROLLBACK')
        if (!isCollision(error)) throw error
      }
      if (performance.now() > giveUpAt) throw tablesInUse(giveUpAfterMs)
      lockTimeoutMs = Math.min(LONGEST_LOCK_TIMEOUT_MS, lockTimeoutMs * 2)
    }
  } finally {
    client.release()
  }
}

async function truncate(client: pg.PoolClient, schema: string, lockTimeoutMs: number): Promise<number> {
  await client.query('BEGIN')
  await client.query(`SET LOCAL lock_timeout = ${lockTimeoutMs}`)
  // As BullMQ's own transactions do, a job first and the events last: one that holds what another waits for is rare then.
  const { rows: tables } = await client.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = $1 AND tablename <> 'migration'
     ORDER BY tablename <> 'job', tablename = 'event', tablename`,
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

/** A lock that was not to be had in time, or a deadlock that was noticed before that. */
function isCollision(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code === '55P03' || error.code === '40P01')
}

function tablesInUse(afterMs: number): SluiceError {
  return new SluiceError(
    'timed_out',
    `BullMQ's tables could not be locked within ${afterMs / 1_000} s, as transactions hold them: nothing was removed. ` +
      'Look for long ones in pg_stat_activity, and ask again.',
  )
}
