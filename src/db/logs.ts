import { and, asc, desc, eq, gt } from 'drizzle-orm'
import type { Database } from './client.ts'
import { stepLogs, steps } from './schema.ts'

/** A line that an action logged. */
export type LogRow = Awaited<ReturnType<typeof listLogs>>[number]

/** Which lines to list: those of one step, or of all; behind the line `after`, or from the first. */
export interface LogFilter {
  runId: string
  stepIndex?: number | undefined
  after?: number | undefined
  limit: number
}

/** Log lines of a run, oldest first. Indexes: step_logs_run, steps_pkey. */
export async function listLogs(db: Database, filter: LogFilter) {
  return await selectLines(db, filter).orderBy(asc(stepLogs.id))
}

/** The last log lines of a run, oldest first. Indexes: those of {@link listLogs}. */
export async function listLastLogs(db: Database, filter: LogFilter): Promise<LogRow[]> {
  return (await selectLines(db, filter).orderBy(desc(stepLogs.id))).toReversed()
}

function selectLines(db: Database, filter: LogFilter) {
  return db.orm
    .select({
      id: stepLogs.id,
      stepId: steps.stepId,
      attempt: stepLogs.attempt,
      at: stepLogs.at,
      level: stepLogs.level,
      message: stepLogs.message,
      data: stepLogs.data,
    })
    .from(stepLogs)
    .innerJoin(steps, and(eq(steps.runId, stepLogs.runId), eq(steps.stepIndex, stepLogs.stepIndex)))
    .where(
      and(
        eq(stepLogs.runId, filter.runId),
        filter.stepIndex === undefined ? undefined : eq(stepLogs.stepIndex, filter.stepIndex),
        filter.after === undefined ? undefined : gt(stepLogs.id, filter.after),
      ),
    )
    .limit(filter.limit)
    .$dynamic()
}
