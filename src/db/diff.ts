import type { StepStatus } from '../workflow/states.ts'
import type { Database } from './client.ts'

/** What comparing two runs reads. */

/** A step of the definition as it stands in a run. */
export interface StepStateRow {
  status: StepStatus
  attempts: number
  branch: string | null
  reason: string | null
  /** Cut to 1,000 characters. */
  error: string | null
  hasBegun: boolean
  durationMs: number | null
  outputBytes: number | null
}

/** States of the definition's steps of some runs, each in the order of the definition. Index: steps_pkey, a range for each. */
export async function readStepStates(db: Database, runIds: readonly string[]): Promise<Map<string, StepStateRow[]>> {
  const rows = await db.batch<StepStateRow & { runId: string }>(
    'step_states',
    `SELECT run_id AS "runId", status, attempt AS attempts, branch, left(reason, 1000) AS reason, left(error ->> 'message', 1000) AS error,
            started_at IS NOT NULL AS "hasBegun", output_bytes AS "outputBytes",
            round(extract(epoch FROM completed_at - started_at) * 1000)::float8 AS "durationMs"
     FROM steps WHERE run_id = ANY($1::uuid[]) AND parent_index IS NULL ORDER BY run_id, step_index`,
    [runIds],
  )
  const states = new Map<string, StepStateRow[]>(runIds.map((id) => [id, []]))
  for (const { runId, ...state } of rows) states.get(runId)?.push(state)
  return states
}

/**
 * Which of some pairs of outputs differ, by place in the list. They are compared in Postgres, as texts first; what differs
 * as text is compared without regard to the order of keys. Index: step_results_idempotency_key.
 */
export async function findDifferentOutputs(
  db: Database,
  runs: { a: string; b: string },
  pairs: readonly { a: number; b: number }[],
): Promise<number[]> {
  if (pairs.length === 0) return []
  const rows = await db.batch<{ ord: string }>(
    'different_outputs',
    `SELECT i.ord FROM unnest($3::int[], $4::int[]) WITH ORDINALITY AS i(a, b, ord)
     JOIN step_results x ON x.run_id = $1::uuid AND x.step_index = i.a
     JOIN step_results y ON y.run_id = $2::uuid AND y.step_index = i.b
     WHERE CASE WHEN x.output::text = y.output::text THEN false ELSE x.output::jsonb IS DISTINCT FROM y.output::jsonb END`,
    [runs.a, runs.b, pairs.map((pair) => pair.a), pairs.map((pair) => pair.b)],
  )
  return rows.map((row) => Number(row.ord) - 1)
}
