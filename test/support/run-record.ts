import type { StoredError } from '../../src/db/schema.ts'
import { dependenciesOf, definitionSchema, type DefinitionInput, type Json } from '../../src/workflow/definition.ts'
import type { AttemptStatus, RunStatus, StepStatus } from '../../src/workflow/states.ts'
import type { TestDatabase } from './test-database.ts'

/** A run as Postgres has it. Times are microseconds since 1970, exact. */
export interface RunRecord {
  id: string
  status: RunStatus
  epoch: number
  halted_by: string | null
  output: Json
  error: StoredError | null
  started_at: number | null
  completed_at: number | null
  steps: Record<string, StepRecord>
}

/** A step of a {@link RunRecord}. */
export interface StepRecord {
  step_id: string
  step_index: number
  status: StepStatus
  attempt: number
  retry_count: number
  worker_id: string | null
  started_at: number | null
  completed_at: number | null
  branch: string | null
  reason: string | null
  error: StoredError | null
  output: Json
  output_bytes: number | null
  /** Attempts that ended without settling the step, or failed it. */
  attempts: AttemptRecord[]
}

/** A row of `step_attempts`. */
export interface AttemptRecord {
  attempt: number
  status: AttemptStatus
  worker_id: string | null
  started_at: number
  completed_at: number
  retry_at: number | null
  error: StoredError | null
}

const micros = (column: string) => `(extract(epoch from ${column}) * 1000000)::float8`

const READ = `
SELECT r.id, r.status, r.epoch, r.halted_by, r.output, r.error,
       ${micros('r.started_at')} AS started_at, ${micros('r.completed_at')} AS completed_at,
       (SELECT json_agg(json_build_object(
          'step_id', s.step_id, 'step_index', s.step_index, 'status', s.status, 'attempt', s.attempt,
          'retry_count', s.retry_count, 'worker_id', s.worker_id, 'branch', s.branch, 'reason', s.reason,
          'error', s.error, 'output', o.output, 'output_bytes', s.output_bytes,
          'started_at', ${micros('s.started_at')}, 'completed_at', ${micros('s.completed_at')},
          'attempts', COALESCE((SELECT json_agg(json_build_object(
             'attempt', a.attempt, 'status', a.status, 'worker_id', a.worker_id, 'error', a.error,
             'started_at', ${micros('a.started_at')}, 'completed_at', ${micros('a.completed_at')},
             'retry_at', ${micros('a.retry_at')}) ORDER BY a.attempt)
           FROM step_attempts a WHERE a.run_id = s.run_id AND a.step_index = s.step_index), '[]')
        ) ORDER BY s.step_index)
        FROM steps s LEFT JOIN step_results o ON o.run_id = s.run_id AND o.step_index = s.step_index
        WHERE s.run_id = r.id) AS steps
FROM runs r WHERE r.id = $1`

/** Reads a run with its steps and their ended attempts. Throws where there is none. */
export async function readRunRecord(database: TestDatabase, runId: string): Promise<RunRecord> {
  const [row] = await database.query<Omit<RunRecord, 'steps'> & { steps: StepRecord[] }>(READ, [runId])
  if (row === undefined) throw new Error(`there is no run ${runId}`)
  return { ...row, steps: Object.fromEntries(row.steps.map((step) => [step.step_id, step])) }
}

/** The step of that id. Throws where there is none. */
export function stepOf(run: RunRecord, id: string): StepRecord {
  const step = run.steps[id]
  if (step === undefined) throw new Error(`run ${run.id} has no step ${id}`)
  return step
}

/** Statuses of all steps, by id. */
export function statusesOf(run: RunRecord): Record<string, StepStatus> {
  return Object.fromEntries(Object.values(run.steps).map((step) => [step.step_id, step.status]))
}

/**
 * Edges of a settled run that were not respected: the dependent began, or settled unbegun, before its dependency had
 * settled. Each as a sentence; none in a run that went right.
 */
export function disorder(run: RunRecord, definition: DefinitionInput): string[] {
  return definitionSchema.parse(definition).steps.flatMap((step) =>
    dependenciesOf(step).flatMap((edge) => {
      const after = stepOf(run, step.id)
      const settled = stepOf(run, edge.step).completed_at
      const began = after.started_at ?? after.completed_at
      if (settled !== null && began !== null && began >= settled) return []
      return [`${step.id} began at ${began} although ${edge.step} settled at ${settled}`]
    }),
  )
}
