import { and, asc, eq } from 'drizzle-orm'
import type { Json } from '../workflow/definition.ts'
import type { Database } from './client.ts'
import { stepAttempts, stepResults, steps, workers } from './schema.ts'

/** A step of a run, without its payloads. */
export type StepRow = typeof steps.$inferSelect

/** The process that made an attempt. */
export interface WorkerName {
  hostname: string
  pid: number
}

/** An attempt that has ended; the newest one may still be under way, and is then told by the step's row alone. */
export type AttemptRow = typeof stepAttempts.$inferSelect & { worker: WorkerName | null }

/** A step with all that is stored of it. */
export interface StepDetail {
  step: StepRow
  /** The process that owns the newest attempt. */
  worker: WorkerName | null
  /** Null where there is none, or where the output is null. */
  output: Json
  attempts: AttemptRow[]
}

const WORKER = { hostname: workers.hostname, pid: workers.pid }

/** One step; null if there is none. Indexes: the primary keys of steps, step_results, workers and step_attempts. */
export async function getStep(db: Database, runId: string, stepIndex: number): Promise<StepDetail | null> {
  const [found, attempts] = await Promise.all([
    db.orm
      .select({ step: steps, output: stepResults.output, worker: WORKER })
      .from(steps)
      .leftJoin(stepResults, and(eq(stepResults.runId, steps.runId), eq(stepResults.stepIndex, steps.stepIndex)))
      .leftJoin(workers, eq(workers.id, steps.workerId))
      .where(and(eq(steps.runId, runId), eq(steps.stepIndex, stepIndex))),
    db.orm
      .select({ attempt: stepAttempts, worker: WORKER })
      .from(stepAttempts)
      .leftJoin(workers, eq(workers.id, stepAttempts.workerId))
      .where(and(eq(stepAttempts.runId, runId), eq(stepAttempts.stepIndex, stepIndex)))
      .orderBy(asc(stepAttempts.attempt)),
  ])
  const row = found[0]
  if (row === undefined) return null
  return {
    ...row,
    output: row.output ?? null,
    attempts: attempts.map(({ attempt, worker }) => ({ ...attempt, worker })),
  }
}
