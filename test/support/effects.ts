import { join } from 'node:path'
import type { TestDatabase } from './test-database.ts'

/** Value of SLUICE_ACTIONS for a system whose workers know the transaction `effect`. */
export const EFFECT_ACTIONS = join(import.meta.dirname, 'actions')

/** Makes the table that `effect` writes to. Nothing there keeps an effect from happening twice. */
export async function createEffects(database: TestDatabase): Promise<void> {
  await database.query('CREATE TABLE effects (run_id text NOT NULL, step_id text NOT NULL, attempt int NOT NULL)')
}

/** Lets the steps go on whose input has `held`. */
export async function releaseEffects(database: TestDatabase): Promise<void> {
  await database.query("INSERT INTO effects (run_id, step_id, attempt) VALUES ('release', '', 0)")
}

/** How often each step of a run had its effect, by id. */
export async function effectsOf(database: TestDatabase, runId: string): Promise<Record<string, number>> {
  const rows = await database.query<{ step_id: string; times: number }>(
    'SELECT step_id, count(*)::int AS times FROM effects WHERE run_id = $1 GROUP BY step_id',
    [runId],
  )
  return Object.fromEntries(rows.map((row) => [row.step_id, row.times]))
}
