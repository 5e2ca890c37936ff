import { defineTransaction, sql, z } from 'sluice'

/**
 * Leaves one row in `chaos.effects`: as often as it is there, it has happened. The row is written first, so that an attempt
 * that fails (those up to `fail`) or is given up has something to take back. An item of a map answers with its `place`.
 */
export const chaosEffect = defineTransaction({
  name: 'chaos_effect',
  description: 'Writes one row of chaos.effects for its step, in the transaction of its result',
  input: z.object({ ms: z.int(), fail: z.int().default(0), place: z.int().optional() }),
  output: z.object({ attempt: z.int(), place: z.int().optional() }),
  transaction: async (tx, { runId, stepId, attempt, input }) => {
    await tx.execute(sql`INSERT INTO chaos.effects (run_id, step_id, attempt) VALUES (${runId}, ${stepId}, ${attempt})`)
    await tx.execute(sql`SELECT pg_sleep(${input.ms / 1_000})`)
    if (attempt <= input.fail) throw new Error(`attempt ${attempt} was to fail`)
    return { attempt, ...(input.place === undefined ? {} : { place: input.place }) }
  },
})
