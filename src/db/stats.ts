import { desc, eq } from 'drizzle-orm'
import { isFinished, RUN_STATUSES, STEP_STATUSES, type RunStatus, type StepStatus } from '../workflow/states.ts'
import { isAlive } from './actions.ts'
import type { Database } from './client.ts'
import { approvals, workers } from './schema.ts'

/** Numbers of the whole service, as of one moment. */
export interface Stats {
  /** All runs by status. */
  runs: Record<RunStatus, number>
  /** Steps of unfinished runs by status. */
  steps: Record<StepStatus, number>
  /** What ended in the last minute and the last hour. */
  throughput: Record<'runs' | 'steps', { last_minute: number; last_hour: number }>
  /** Approvals that wait for people. */
  approvals: { open: number }
}

/** Reads {@link Stats}: some milliseconds of walking through indexes, so callers share an answer for a while. */
export async function readStats(db: Database): Promise<Stats> {
  const [runs, open, ended, asked] = await Promise.all([
    countRuns(db),
    countOpenSteps(db),
    countEnded(db),
    db.orm.$count(approvals, eq(approvals.status, 'open')),
  ])
  const done = open.find((row) => row.status === 'completed')
  return {
    runs,
    steps: byStatus(STEP_STATUSES, open),
    throughput: {
      runs: { last_minute: ended.runsMinute, last_hour: ended.runsHour },
      steps: {
        last_minute: ended.stepsMinute + (done?.lastMinute ?? 0),
        last_hour: ended.stepsHour + (done?.lastHour ?? 0),
      },
    },
    approvals: { open: asked },
  }
}

/** Index: runs_status alone, a range for each status (of one `group by`, Postgres makes a walk through the table). */
async function countRuns(db: Database): Promise<Stats['runs']> {
  const rows = await db.batch<{ status: RunStatus; count: number }>(
    'count_runs',
    `SELECT s.status, (SELECT count(*)::int FROM runs r WHERE r.status = s.status) AS count
     FROM unnest($1::run_status[]) AS s(status)`,
    [RUN_STATUSES],
  )
  return byStatus(RUN_STATUSES, rows)
}

/** Statuses of runs that have not ended. */
const OPEN = RUN_STATUSES.filter((status) => !isFinished(status))

interface OpenSteps {
  status: StepStatus
  count: number
  /** Of these, how many settled lately. */
  lastMinute: number
  lastHour: number
}

/** Indexes: runs_status, a range for each status (`OFFSET 0` keeps it so), then steps_pkey, a range for each run. */
async function countOpenSteps(db: Database): Promise<OpenSteps[]> {
  return await db.batch<OpenSteps & Record<string, unknown>>(
    'count_open_steps',
    `SELECT x.status, count(*)::int AS count,
            (count(*) FILTER (WHERE x.completed_at > now() - interval '1 minute'))::int AS "lastMinute",
            (count(*) FILTER (WHERE x.completed_at > now() - interval '1 hour'))::int AS "lastHour"
     FROM unnest($1::run_status[]) AS s(status),
          LATERAL (SELECT r.id FROM runs r WHERE r.status = s.status OFFSET 0) r,
          LATERAL (SELECT * FROM steps t WHERE t.run_id = r.id OFFSET 0) x
     GROUP BY x.status`,
    [OPEN],
  )
}

interface Ended {
  runsMinute: number
  runsHour: number
  stepsMinute: number
  stepsHour: number
}

/**
 * What runs that ended lately add to the throughput: their steps count when the run ends, those of unfinished runs when
 * they complete. Steps have no index on time, as each change of a step would pay for it. Index: runs_ended.
 */
async function countEnded(db: Database): Promise<Ended> {
  const [row] = await db.batch<Ended & Record<string, unknown>>(
    'count_ended',
    `SELECT count(*)::int AS "runsHour", COALESCE(sum(steps_completed), 0)::int AS "stepsHour",
            (count(*) FILTER (WHERE completed_at > now() - interval '1 minute'))::int AS "runsMinute",
            COALESCE(sum(steps_completed) FILTER (WHERE completed_at > now() - interval '1 minute'), 0)::int AS "stepsMinute"
     FROM runs WHERE completed_at > now() - interval '1 hour'`,
    [],
  )
  return row ?? { runsMinute: 0, runsHour: 0, stepsMinute: 0, stepsHour: 0 }
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
