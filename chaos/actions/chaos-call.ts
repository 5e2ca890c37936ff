import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { defineAction, z } from 'sluice'

/** A call to somebody outside: it is noted there, whatever becomes of the attempt, and answered with a receipt. */
export const chaosCall = defineAction({
  name: 'chaos_call',
  description: 'Writes one row of chaos.calls for each attempt, over a connection of its own',
  input: z.object({ ms: z.int() }),
  output: z.object({ receipt: z.string() }),
  run: async ({ idempotencyKey, runId, stepId, attempt, input, signal }) => {
    const receipt = randomUUID()
    await calls.query(
      'INSERT INTO chaos.calls (receipt, idempotency_key, run_id, step_id, attempt) VALUES ($1, $2, $3, $4, $5)',
      [receipt, idempotencyKey, runId, stepId, attempt],
    )
    await sleep(input.ms, undefined, { signal })
    return { receipt }
  },
})

const calls = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 2, allowExitOnIdle: true })
calls.on('error', () => undefined)
