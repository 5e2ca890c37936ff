import { v7 as uuidv7 } from 'uuid'
import { findIdempotencyOwner } from '../db/runs.ts'
import {
  claimDueSchedule,
  deleteSchedule,
  getSchedule,
  insertSchedule,
  listScheduleTimes,
  lockSchedule,
  moveScheduleOn,
  readClock,
  updateSchedule,
  type DueSchedule,
  type ScheduleEntry,
  type ScheduleRow,
} from '../db/schedules.ts'
import { getVersionId, type WorkflowRow } from '../db/workflows.ts'
import { SluiceError } from '../errors.ts'
import { ScheduleHints } from '../queue/schedules.ts'
import { nextTime } from '../workflow/cron.ts'
import type { Json } from '../workflow/definition.ts'
import type { Engine } from './engine.ts'
import { refuseArchived } from './register.ts'
import { refuseBadInputs, startRuns } from './start.ts'

/**
 * Schedules start runs by themselves. `next_run_at` in Postgres is the truth; whoever comes first, the leader's tick or
 * BullMQ's hint, claims the row, starts the run and moves the row on to the next time *after now*: each time fires once,
 * and of the times that an outage swallowed only the first is made up for.
 *
 * The run is inserted by a transaction of its own, under an idempotency key of schedule and time, while the claim is
 * held: a crash in between leaves the schedule due, and the next claim finds that run instead of starting another.
 */

/** What a schedule is. */
export interface ScheduleSettings {
  cron: string
  timezone: string
  input: Json
  overlap: 'skip' | 'allow'
  paused: boolean
}

/** Makes a schedule. Throws `conflict` for an archived workflow, `invalid_input` where the runs' input is not right. */
export async function createSchedule(
  engine: Engine,
  workflow: WorkflowRow,
  settings: ScheduleSettings,
): Promise<ScheduleEntry> {
  refuseArchived(workflow)
  await refuseBadInput(engine, workflow, settings.input)
  const id = uuidv7()
  return await engine.db.orm.transaction(async (tx) => {
    const now = await readClock(tx)
    await insertSchedule(tx, { id, workflowId: workflow.id, ...settings, nextRunAt: nextTime(settings, now) })
    return (await getSchedule(tx, id))!
  })
}

/**
 * Changes a schedule, whose runs are of `workflow` from now on. One that comes back from a pause, or gets other times, goes on
 * with its next time: what it missed is not made up for. Throws `conflict` for changes, other than pausing, of one that the
 * definition makes, and for another workflow that is archived; `invalid_input` where the runs' input is not right.
 */
export async function changeSchedule(
  engine: Engine,
  schedule: ScheduleEntry,
  workflow: WorkflowRow,
  changes: { [Key in keyof ScheduleSettings]?: ScheduleSettings[Key] | undefined },
): Promise<ScheduleEntry> {
  const moves = workflow.id !== schedule.workflowId
  if (moves) refuseArchived(workflow)
  if (moves || changes.input !== undefined) await refuseBadInput(engine, workflow, changes.input ?? schedule.input)
  return await engine.db.orm.transaction(async (tx) => {
    const row = await requireLocked(lockSchedule(tx, schedule.id), schedule.id)
    const given = Object.entries(changes).filter(([, value]) => value !== undefined)
    if (moves || given.some(([key]) => key !== 'paused')) refuseOwned(row)
    const changed: ScheduleRow = { ...row, ...Object.fromEntries(given) }
    const goesOn = row.paused === changed.paused && row.cron === changed.cron && row.timezone === changed.timezone
    const nextRunAt = goesOn ? row.nextRunAt : nextTime(changed, await readClock(tx))
    const { cron, timezone, input, overlap, paused } = changed
    const workflowId = moves ? workflow.id : row.workflowId
    await updateSchedule(tx, row.id, { workflowId, cron, timezone, input, overlap, paused, nextRunAt })
    return (await getSchedule(tx, row.id))!
  })
}

/** Deletes a schedule; its runs stay. Throws `conflict` for one that the definition makes. */
export async function removeSchedule(engine: Engine, id: string): Promise<void> {
  await engine.db.orm.transaction(async (tx) => {
    refuseOwned(await requireLocked(lockSchedule(tx, id), id))
    await deleteSchedule(tx, id)
  })
}

async function requireLocked(found: Promise<ScheduleRow | null>, id: string): Promise<ScheduleRow> {
  const row = await found
  if (row === null) throw new SluiceError('not_found', `There is no schedule "${id}".`)
  return row
}

function refuseOwned({ id, triggerIndex }: ScheduleRow): void {
  if (triggerIndex === null) return
  throw new SluiceError(
    'conflict',
    `Schedule ${id} is trigger ${triggerIndex} of its workflow's definition: change it there, in a new version. It can be paused here.`,
  )
}

async function refuseBadInput(engine: Engine, workflow: WorkflowRow, input: Json): Promise<void> {
  const versionId = await getVersionId(engine.db, workflow.id, workflow.latestVersion)
  if (versionId === null) return
  refuseBadInputs((await engine.versions.get(versionId)).definition.input_schema, [{ input }])
}

/** Starts the runs of all schedules that are due, one after the other. May be called by any number of processes at once. */
async function fireDueSchedules(engine: Engine): Promise<void> {
  const failed: string[] = []
  while (await fireNext(engine, failed));
}

/** Fires the schedule that has been due longest, if any. One that fails is added to `failed` and stays due. */
async function fireNext(engine: Engine, failed: string[]): Promise<boolean> {
  return await engine.db.transaction(async (_tx, batch) => {
    const due = await claimDueSchedule(batch, failed)
    if (due === null) return false
    try {
      const runId = await startDue(engine, due)
      await moveScheduleOn(batch, due, { nextRunAt: nextTime(due, due.now), runId })
    } catch (error) {
      engine.log.warn({ err: error, schedule: due.id }, 'a schedule could not fire: trying again')
      failed.push(due.id)
    }
    return true
  })
}

/** The id of the run; null where none is to start now. */
async function startDue(engine: Engine, due: DueSchedule): Promise<string | null> {
  const { id, workflowId, versionId } = due
  const key = `schedule ${id} ${due.dueAt.toISOString()}`
  const started = await findIdempotencyOwner(engine.db, workflowId, key)
  if (started !== null) return started.runIds[0] ?? null
  if (due.busy) {
    engine.log.info({ schedule: id }, 'a schedule passed over a time, for its last run still lasts')
    return null
  }
  const request = { input: due.input, origin: { scheduleId: id } }
  try {
    const { ids } = await startRuns(engine, { id: versionId, workflowId }, [request], { key, requestHash: key })
    return ids[0] ?? null
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    // The workflow will not take this run however often it is tried; the next time may find another version of it.
    engine.log.error({ err: error, schedule: id }, `a schedule could not start its run: ${error.message}`)
    return null
  }
}

/** The firing of schedules in the process that leads. */
export class Scheduler {
  private readonly engine: Engine
  private hints: ScheduleHints | null = null
  private firing: Promise<void> = Promise.resolve()

  constructor(engine: Engine) {
    this.engine = engine
  }

  /** Fires what is due, after what this process is firing already: a firing holds one connection and needs a second. */
  fire(): Promise<void> {
    const fired = this.firing.then(() => fireDueSchedules(this.engine))
    this.firing = fired.catch(() => undefined)
    return fired
  }

  /** Tells BullMQ when to wake us. */
  async syncHints(): Promise<void> {
    const { db, queue, log, queueLife } = this.engine
    const times = await listScheduleTimes(db)
    if (times.length === 0 && this.hints === null) return
    this.hints ??= new ScheduleHints(queue.connection, () => this.fire(), log)
    await this.hints.sync(times, queueLife.token)
  }

  /** Ends after the firing under way. */
  async stop(): Promise<void> {
    await this.hints?.close()
    await this.firing
  }
}
