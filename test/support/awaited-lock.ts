import { eventually } from './eventually.ts'
import type { TestDatabase } from './test-database.ts'

/** Resolves once so many statements in the database wait for others' locks. */
export async function lockAwaited(database: TestDatabase, statements = 1): Promise<void> {
  const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  await eventually(async () => (await database.query(waiting)).length === statements, {
    what: `${statements} statements that wait for locks`,
  })
}
