import { desc } from 'drizzle-orm'
import { RUN_STATUSES, STEP_STATUSES, type RunStatus, type StepStatus } from '../workflow/states.ts'
import { isAlive } from './actions.ts'
import type { Database } from './client.ts'
import { workers } from './schema.ts'

/** Numbers of the whole service, as of one moment. */
export interface Stats {
  /** All runs by status. */
  runs: Record<RunStatus, number>
  /** Steps of unfinished runs by status. */
  steps: Record<StepStatus, number>
  /** What ended in the last minute and the last hour. */
  throughput: Record<'runs' | 'steps', { last_minute: number; last_hour: number }>
}

/** Reads {@link Stats}: three scans of indexes, so callers share an answer for a while. */
export async function readStats(db: Database): Promise<Stats> {
  const [runs, steps, throughput] = await Promise.all([countRuns(db), countOpenSteps(db), readThroughput(db)])
  return { runs, steps, throughput }
}

/** Index: runs_status alone, whole. */
async function countRuns(db: Database): Promise<Stats['runs']> {
  const rows = await db.batch<{ status: RunStatus; count: number }>(
    'count_runs',
    'SELECT status, count(*)::int AS count FROM runs GROUP BY status',
    [],
  )
  return byStatus(RUN_STATUSES, rows)
}

/** Indexes: runs_unfinished, then steps_pkey, one range a run. */
async function countOpenSteps(db: Database): Promise<Stats['steps']> {
  const rows = await db.batch<{ status: StepStatus; count: number }>(
    'count_open_steps',
    `SELECT s.status, count(*)::int AS count
     FROM runs r JOIN steps s ON s.run_id = r.id
     WHERE r.status NOT IN ('completed', 'failed', 'cancelled')
     GROUP BY s.status`,
    [],
  )
  return byStatus(STEP_STATUSES, rows)
}

/**
 * A run's steps count when the run ends, those of an unfinished run when they complete: steps have no index on time, as
 * each change of a step would pay for it. Indexes: runs_ended, runs_unfinished, steps_pkey.
 */
async function readThroughput(db: Database): Promise<Stats['throughput']> {
  const [row] = await db.batch<Record<'runsMinute' | 'runsHour' | 'stepsMinute' | 'stepsHour', number>>(
    'throughput',
    `WITH ended AS (
       SELECT count(*) AS runs_hour,
              count(*) FILTER (WHERE completed_at > now() - interval '1 minute') AS runs_minute,
              COALESCE(sum(steps_completed), 0) AS steps_hour,
              COALESCE(sum(steps_completed) FILTER (WHERE completed_at > now() - interval '1 minute'), 0) AS steps_minute
       FROM runs WHERE completed_at > now() - interval '1 hour'
     ), open AS (
       SELECT count(*) AS steps_hour,
              count(*) FILTER (WHERE s.completed_at > now() - interval '1 minute') AS steps_minute
       FROM runs r JOIN steps s ON s.run_id = r.id
       WHERE r.status NOT IN ('completed', 'failed', 'cancelled') AND s.status = 'completed'
         AND s.completed_at > now() - interval '1 hour'
     )
     SELECT ended.runs_minute::int AS "runsMinute", ended.runs_hour::int AS "runsHour",
            (ended.steps_minute + open.steps_minute)::int AS "stepsMinute",
            (ended.steps_hour + open.steps_hour)::int AS "stepsHour"
     FROM ended, open`,
    [],
  )
  return {
    runs: { last_minute: row?.runsMinute ?? 0, last_hour: row?.runsHour ?? 0 },
    steps: { last_minute: row?.stepsMinute ?? 0, last_hour: row?.stepsHour ?? 0 },
  }
}

function byStatus<Status extends string>(
  statuses: readonly Status[],
  rows: readonly { status: Status; count: number }[],
): Record<Status, number> {
  const counts = new Map(rows.map((row) => [row.status, row.count]))
  return Object.fromEntries(statuses.map((status) => [status, counts.get(status) ?? 0])) as Record<Status, number>
}

/** A worker process. */
export type WorkerRow = typeof workers.$inferSelect

/** Workers that were heard of within `aliveMs`, the newest first. Index: workers_heartbeat. */
export async function listAliveWorkers(db: Database, aliveMs: number): Promise<WorkerRow[]> {
  return await db.orm.select().from(workers).where(isAlive(aliveMs)).orderBy(desc(workers.id))
}
