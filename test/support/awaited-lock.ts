import { eventually } from './eventually.ts'
import type { TestDatabase } from './test-database.ts'

/** Resolves once a statement in the database waits for another's lock. */
export async function lockAwaited(database: TestDatabase): Promise<void> {
  const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  await eventually(async () => (await database.query(waiting)).length === 1, {
    what: 'a statement that waits for a lock',
  })
}
