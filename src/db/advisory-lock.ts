import type { Database } from './client.ts'

/**
 * Does `work` while no other process does the same task: under an advisory lock of Postgres, which goes with the
 * connection. Null: somebody is at it.
 */
export async function withAdvisoryLock<T>(db: Database, task: string, work: () => Promise<T>): Promise<T | null> {
  const client = await db.pool.connect()
  let isHeld = false
  try {
    const lock = await client.query<{ held: boolean }>(
      'SELECT pg_try_advisory_lock(hashtext($1), hashtext($2)) AS held',
      ['sluice', task],
    )
    isHeld = lock.rows[0]?.held === true
    return isHeld ? await work() : null
  } finally {
    // The lock is the session's: ending that gives it up, whatever has happened.
    client.release(isHeld)
  }
}
