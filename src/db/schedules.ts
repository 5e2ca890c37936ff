import { and, asc, desc, eq, isNotNull, lt, sql } from 'drizzle-orm'
import type { Json } from '../workflow/definition.ts'
import type { Database, Transaction } from './client.ts'
import { schedules, workflows } from './schema.ts'

/** Statements about schedules. */

/** A schedule, as stored. */
export type ScheduleRow = typeof schedules.$inferSelect
/** A schedule with the name of its workflow. */
export type ScheduleEntry = ScheduleRow & { workflowName: string }
/** A schedule to insert. */
export type NewSchedule = typeof schedules.$inferInsert

type Executor = Pick<Database['orm'], 'select'>

function entries(db: Executor) {
  return db
    .select({ schedule: schedules, workflowName: workflows.name })
    .from(schedules)
    .innerJoin(workflows, eq(workflows.id, schedules.workflowId))
}

/** One schedule; null if there is none. Index: schedules_pkey. */
export async function getSchedule(db: Executor, id: string): Promise<ScheduleEntry | null> {
  const [found] = await entries(db).where(eq(schedules.id, id))
  return found === undefined ? null : { ...found.schedule, workflowName: found.workflowName }
}

/** Schedules, newest first; `before` is the id of the last one of the page before. Indexes: schedules_pkey backwards, schedules_workflow. */
export async function listSchedules(
  db: Database,
  filter: { workflowId?: string | undefined; before?: string | undefined; limit: number },
): Promise<ScheduleEntry[]> {
  const rows = await entries(db.orm)
    .where(
      and(
        filter.workflowId === undefined ? undefined : eq(schedules.workflowId, filter.workflowId),
        filter.before === undefined ? undefined : lt(schedules.id, filter.before),
      ),
    )
    .orderBy(desc(schedules.id))
    .limit(filter.limit)
  return rows.map(({ schedule, workflowName }) => ({ ...schedule, workflowName }))
}

/** Postgres's time, by which schedules are due. */
export async function readClock(tx: Transaction): Promise<Date> {
  const result = await tx.execute<{ now: string }>(sql`SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now`)
  return new Date(Number(result.rows[0]?.now))
}

/** Inserts a schedule. */
export async function insertSchedule(tx: Transaction, row: NewSchedule): Promise<void> {
  await tx.insert(schedules).values(row)
}

/** A schedule, locked until the transaction ends: it does not fire meanwhile; null if there is none. */
export async function lockSchedule(tx: Transaction, id: string): Promise<ScheduleRow | null> {
  const rows = await tx.select().from(schedules).where(eq(schedules.id, id)).for('update')
  return rows[0] ?? null
}

/** Changes a schedule, and notes when. */
export async function updateSchedule(tx: Transaction, id: string, changes: Partial<NewSchedule>): Promise<void> {
  await tx
    .update(schedules)
    .set({ ...changes, updatedAt: sql`clock_timestamp()` })
    .where(eq(schedules.id, id))
}

/** Deletes a schedule; its runs stay. */
export async function deleteSchedule(tx: Transaction, id: string): Promise<void> {
  await tx.delete(schedules).where(eq(schedules.id, id))
}

/** The schedules that a workflow's definition made, in the order of its triggers. Index: schedules_trigger. */
export async function listTriggerSchedules(tx: Transaction, workflowId: string): Promise<ScheduleRow[]> {
  return await tx
    .select()
    .from(schedules)
    .where(and(eq(schedules.workflowId, workflowId), isNotNull(schedules.triggerIndex)))
    .orderBy(asc(schedules.triggerIndex))
    .for('update')
}

/** All schedules of a workflow, locked. Index: schedules_workflow. */
export async function lockSchedulesOf(tx: Transaction, workflowId: string): Promise<ScheduleRow[]> {
  return await tx.select().from(schedules).where(eq(schedules.workflowId, workflowId)).for('update')
}

/** When a schedule fires. */
export interface ScheduleTime {
  id: string
  cron: string
  timezone: string
}

/** When each schedule fires that is neither paused nor of an archived workflow. */
export async function listScheduleTimes(db: Database): Promise<ScheduleTime[]> {
  return db.batch<ScheduleTime & Record<string, unknown>>(
    'schedule_times',
    `SELECT s.id, s.cron, s.timezone FROM schedules s JOIN workflows w ON w.id = s.workflow_id
     WHERE NOT s.paused AND s.next_run_at IS NOT NULL AND w.archived_at IS NULL`,
    [],
  )
}

/** A schedule that is due, locked. */
export interface DueSchedule extends ScheduleTime {
  workflowId: string
  versionId: string
  input: Json
  dueAt: Date
  /** Postgres's time. */
  now: Date
  /** Whether it must not start a run while its last one lasts, and that one does. */
  busy: boolean
}

/** Runs of a schedule, newest first, among which an unfinished one is looked for. */
const RUNS_LOOKED_AT = 1_000

/**
 * Claims the schedule that has been due longest, but for some; null where none is due. It waits for nobody: a schedule that
 * another process fires, and one whose workflow is being changed, is passed over. Until the transaction ends, neither
 * schedule nor workflow can change, so that what is paused or archived does not start afterwards. Indexes: schedules_due,
 * runs_schedule.
 */
export async function claimDueSchedule(
  batch: Database['batch'],
  except: readonly string[],
): Promise<DueSchedule | null> {
  const rows = await batch<DueSchedule & Record<string, unknown>>(
    'claim_due_schedule',
    `SELECT s.id, s.cron, s.timezone, s.input, s.workflow_id AS "workflowId", v.id AS "versionId",
            s.next_run_at AS "dueAt", clock_timestamp() AS now,
            s.overlap = 'skip' AND EXISTS (
              SELECT FROM (SELECT r.status FROM runs r WHERE r.schedule_id = s.id ORDER BY r.id DESC LIMIT ${RUNS_LOOKED_AT}) latest
              WHERE latest.status NOT IN ('completed', 'failed', 'cancelled')
            ) AS busy
     FROM schedules s
     JOIN workflows w ON w.id = s.workflow_id
     JOIN workflow_versions v ON v.workflow_id = w.id AND v.version = w.latest_version
     WHERE NOT s.paused AND s.next_run_at <= clock_timestamp() AND w.archived_at IS NULL AND s.id <> ALL($1::uuid[])
     ORDER BY s.next_run_at
     LIMIT 1
     FOR UPDATE OF s SKIP LOCKED
     FOR SHARE OF w SKIP LOCKED`,
    [except],
  )
  return rows[0] ?? null
}

/** Moves a claimed schedule on to its next time (null: there is none), and notes the run that it started, if any. */
export async function moveScheduleOn(
  batch: Database['batch'],
  schedule: DueSchedule,
  next: { nextRunAt: Date | null; runId: string | null },
): Promise<void> {
  await batch(
    'move_schedule_on',
    `UPDATE schedules SET next_run_at = $2, last_run_id = COALESCE($3::uuid, last_run_id),
       last_run_at = CASE WHEN $3::uuid IS NULL THEN last_run_at ELSE $4 END
     WHERE id = $1`,
    [schedule.id, next.nextRunAt, next.runId, schedule.now],
  )
}
