import { defineTransaction, sql, z } from 'sluice'

/** Counts itself in the table `effects`, which the test makes: as often as it is there, it has happened. */
export const effect = defineTransaction({
  name: 'effect',
  description: 'Writes one row of effects for its step',
  input: z.unknown(),
  output: z.object({ attempt: z.number() }),
  transaction: async (tx, { runId, stepId, attempt }) => {
    await tx.execute(sql`INSERT INTO effects (run_id, step_id, attempt) VALUES (${runId}, ${stepId}, ${attempt})`)
    return { attempt }
  },
})
