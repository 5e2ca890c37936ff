import type { Database } from './client.ts'
import { highestIndex } from './fence.ts'
import type { StepStatus } from '../workflow/states.ts'

/** Statements of compensation: the rows of the steps that undo others, in the order in which they run. */

/** A completed step that may have to be undone; `stepId` as `charge` or `ship[3]`. */
export interface CompletedStep {
  stepIndex: number
  stepId: string
}

/** All completed steps and items of a run, the last that completed first. Index: the primary key. */
export async function readCompleted(db: Database, runId: string): Promise<CompletedStep[]> {
  return db.batch<CompletedStep & Record<string, unknown>>(
    'read_completed',
    `SELECT step_index AS "stepIndex", step_id AS "stepId" FROM steps
     WHERE run_id = $1::uuid AND status = 'completed' AND (parent_index IS NULL OR item_index IS NOT NULL)
     ORDER BY completed_at DESC, step_index DESC`,
    [runId],
  )
}

/**
 * Inserts the compensations of a run in the order given, once: where the run has moved on to another epoch, or has them,
 * nothing happens. Locks the run's row.
 */
export async function beginCompensation(
  db: Database,
  run: { id: string; epoch: number },
  steps: readonly { stepIndex: number; compensationId: string }[],
): Promise<void> {
  await db.batch('begin_compensation', BEGIN, [
    run.id,
    run.epoch,
    steps.map((step) => step.stepIndex),
    steps.map((step) => step.compensationId),
  ])
}

const BEGIN = `
WITH begun AS (
  UPDATE runs SET compensation = 'running'
  WHERE id = $1::uuid AND epoch = $2::int AND compensation IS NULL AND status NOT IN ('completed', 'failed', 'cancelled')
  RETURNING id
)
INSERT INTO steps (run_id, step_index, step_id, parent_index)
SELECT begun.id, ${highestIndex('begun.id')} + i.ord, i.step_id, i.parent_index
FROM begun, unnest($3::int[], $4::text[]) WITH ORDINALITY AS i(parent_index, step_id, ord)`

/** A compensation as the finaliser sees it. */
export interface Compensation {
  stepId: string
  status: StepStatus
  error: string | null
}

/** The compensations of a run, in the order in which they run. Index: steps_children. */
export async function readCompensations(db: Database, runId: string): Promise<Compensation[]> {
  return db.batch<Compensation & Record<string, unknown>>(
    'read_compensations',
    `SELECT step_id AS "stepId", status, error ->> 'message' AS error FROM steps
     WHERE run_id = $1::uuid AND parent_index IS NOT NULL AND item_index IS NULL ORDER BY step_index`,
    [runId],
  )
}
