import { defineTransaction, sql, z } from 'sluice'
import pg from 'pg'

/**
 * Its transaction leaves one row in `effects`; beside that, over a connection of its own, it notes when it is executed and by
 * which process, whatever becomes of it. Fails while the number of its attempt is not above `fail`.
 */
export const touch = defineTransaction({
  name: 'touch',
  description: 'Writes one row of effects for its step, and tells when it was executed',
  input: z.object({ fail: z.int(), slow_ms: z.int(), seen: z.unknown().optional() }),
  output: z.object({ attempt: z.int() }),
  transaction: async (tx, { runId, stepId, attempt, input }) => {
    const { rows } = await notes.query<{ id: string }>(
      'INSERT INTO executions (run_id, step_id, attempt, pid) VALUES ($1, $2, $3, $4) RETURNING id',
      [runId, stepId, attempt, process.pid],
    )
    try {
      await tx.execute(sql`INSERT INTO effects (run_id, step_id, attempt) VALUES (${runId}, ${stepId}, ${attempt})`)
      await tx.execute(sql`SELECT pg_sleep(${input.slow_ms / 1_000})`)
      if (attempt <= input.fail) throw new Error(`attempt ${attempt} was to fail`)
      return { attempt }
    } finally {
      await notes.query('UPDATE executions SET ended_at = clock_timestamp() WHERE id = $1', [rows[0]!.id])
    }
  },
})

const notes = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 2, allowExitOnIdle: true })
notes.on('error', () => undefined)
