import type pg from 'pg'
import type { Database } from './client.ts'

/** Takes the advisory lock of a task for a session, which keeps it to its end. False: another session has it. */
export async function tryAdvisoryLock(session: Pick<pg.ClientBase, 'query'>, task: string): Promise<boolean> {
  const { rows } = await session.query<{ held: boolean }>(
    'SELECT pg_try_advisory_lock(hashtext($1), hashtext($2)) AS held',
    ['sluice', task],
  )
  return rows[0]?.held === true
}

/**
 * Does `work` while no other process does the same task: under an advisory lock of Postgres, which goes with the
 * connection. Null: somebody is at it.
 */
export async function withAdvisoryLock<T>(db: Database, task: string, work: () => Promise<T>): Promise<T | null> {
  const client = await db.pool.connect()
  let isHeld = false
  try {
    isHeld = await tryAdvisoryLock(client, task)
    return isHeld ? await work() : null
  } finally {
    // The lock is the session's: ending that gives it up, whatever has happened.
    client.release(isHeld)
  }
}
