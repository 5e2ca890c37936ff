import { getTableName } from 'drizzle-orm'
import type { Database } from './client.ts'
import { idempotencyKeys, runs, stepAttempts, stepResults, steps } from './schema.ts'

/** The tables that grow with every run. */
const GROWING = [runs, steps, stepResults, stepAttempts, idempotencyKeys].map(getTableName)

/** A table with fewer rows than these counts as one of so many: any plan reads it in no time. */
const SMALL_ROWS = 100

const OUTGROWN = `
SELECT c.relname AS name FROM pg_class c JOIN pg_stat_user_tables t ON t.relid = c.oid
WHERE t.schemaname = current_schema() AND c.relname = ANY($1::text[]) AND t.n_live_tup > 2 * GREATEST(c.reltuples, $2::float8)`

/**
 * Brings the statistics of tables up to date that have more than doubled since these were made; resolves to their names.
 *
 * Statements that are prepared keep their plans until the statistics change. What is planned while a table is small may read all
 * of it, and goes on so while it grows a thousandfold: until autovacuum looks, which may take minutes, and these are the first
 * minutes that everybody sees. One after the other, and without waiting for locks.
 */
export async function analyzeOutgrown(db: Database): Promise<string[]> {
  const outgrown = await db.batch<{ name: string }>('outgrown_tables', OUTGROWN, [GROWING, SMALL_ROWS])
  for (const { name } of outgrown) await db.batch(`analyze_${name}`, `ANALYZE (SKIP_LOCKED) ${name}`, [])
  return outgrown.map(({ name }) => name)
}
