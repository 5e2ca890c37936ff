import { defineTransaction, sql, z } from 'sluice'

/** Waits a moment, and has a row as long as nobody has released the effects. */
const HELD = sql`SELECT pg_sleep(0.1) FROM (SELECT 1) AS once
  WHERE NOT EXISTS (SELECT 1 FROM effects WHERE run_id = 'release')`

/**
 * Counts itself in the table `effects`, which the test makes: as often as it is there, it has happened. With
 * `{"held": true}` it goes on for as long as the table has no row of the run `release`.
 */
export const effect = defineTransaction({
  name: 'effect',
  description: 'Writes one row of effects for its step',
  input: z.unknown(),
  output: z.object({ attempt: z.number() }),
  transaction: async (tx, { runId, stepId, attempt, input }) => {
    const isHeld = typeof input === 'object' && input !== null && 'held' in input
    if (isHeld) {
      while ((await tx.execute(HELD)).rows.length > 0) continue
    }
    await tx.execute(sql`INSERT INTO effects (run_id, step_id, attempt) VALUES (${runId}, ${stepId}, ${attempt})`)
    return { attempt }
  },
})
