import { v7 as uuidv7 } from 'uuid'
import type { Transaction } from '../db/client.ts'
import {
  deleteSchedule,
  insertSchedule,
  listTriggerSchedules,
  lockSchedulesOf,
  readClock,
  updateSchedule,
  type ScheduleRow,
} from '../db/schedules.ts'
import { deleteWebhook, insertWebhook, listTriggerWebhooks, updateWebhook } from '../db/webhooks.ts'
import { nextTime } from '../workflow/cron.ts'
import type { Trigger } from '../workflow/definition.ts'
import { newCredentials } from './webhooks.ts'

/**
 * The `triggers` of a definition become schedules and webhooks, in the transaction that stores the version. Those of the
 * version before are kept in order, the first one for the first trigger of its kind and so on: a webhook keeps its address
 * and its secret, a schedule its pause and its next time, where the definition does not say otherwise. What the API made
 * (`trigger_index` null) is left alone.
 */

type CronTrigger = Extract<Trigger, { type: 'cron' }> & { index: number }

/** What happened to the workflow: a new version came; it came back from the archive. */
export interface Change {
  isNew: boolean
  isBack: boolean
}

/** Makes the schedules and webhooks of a workflow what its latest definition says. The workflow's row must be locked. */
export async function applyTriggers(
  tx: Transaction,
  workflowId: string,
  triggers: readonly Trigger[],
  change: Change,
): Promise<void> {
  if (change.isNew || triggers.length > 0) {
    const numbered = triggers.map((trigger, index) => ({ ...trigger, index }))
    const crons = numbered.filter((trigger): trigger is CronTrigger => trigger.type === 'cron')
    await applyCrons(tx, workflowId, crons)
    const hooks = numbered.filter((trigger) => trigger.type === 'webhook')
    await applyWebhooks(
      tx,
      workflowId,
      hooks.map(({ index }) => index),
    )
  }
  if (change.isBack) await goOn(tx, workflowId)
}

async function applyCrons(tx: Transaction, workflowId: string, crons: readonly CronTrigger[]): Promise<void> {
  const existing = await listTriggerSchedules(tx, workflowId)
  if (existing.length === 0 && crons.length === 0) return
  const now = await readClock(tx)
  const { kept, added, gone } = pair(existing, crons)
  for (const { id } of gone) await deleteSchedule(tx, id)
  await inPlaces(kept, async (row, trigger) => {
    await updateSchedule(tx, row.id, trigger === null ? { triggerIndex: aside(row) } : settings(trigger, now, row))
  })
  for (const trigger of added) {
    await insertSchedule(tx, { id: uuidv7(), workflowId, ...settings(trigger, now) })
  }
}

function settings(trigger: CronTrigger, now: Date, row?: ScheduleRow) {
  const { cron, timezone = 'UTC', input = {}, overlap = 'skip', index: triggerIndex } = trigger
  const paused = trigger.paused ?? row?.paused ?? false
  const goesOn = row?.cron === cron && row.timezone === timezone && row.paused === paused
  const nextRunAt = goesOn ? row.nextRunAt : nextTime({ cron, timezone }, now)
  return { cron, timezone, input, overlap, paused, triggerIndex, nextRunAt }
}

async function applyWebhooks(tx: Transaction, workflowId: string, places: readonly number[]): Promise<void> {
  const { kept, added, gone } = pair(await listTriggerWebhooks(tx, workflowId), places)
  for (const { id } of gone) await deleteWebhook(tx, id)
  await inPlaces(kept, (row, place) => updateWebhook(tx, row.id, { triggerIndex: place ?? aside(row) }))
  for (const triggerIndex of added)
    await insertWebhook(tx, { id: uuidv7(), workflowId, ...newCredentials(), triggerIndex })
}

/** What an archived workflow's schedules missed is not made up for. */
async function goOn(tx: Transaction, workflowId: string): Promise<void> {
  const rows = await lockSchedulesOf(tx, workflowId)
  if (rows.length === 0) return
  const now = await readClock(tx)
  for (const row of rows) await updateSchedule(tx, row.id, { nextRunAt: nextTime(row, now) })
}

/** Existing rows and what is wanted, both in order, side by side. */
function pair<Row, Wanted>(rows: readonly Row[], wanted: readonly Wanted[]) {
  const count = Math.min(rows.length, wanted.length)
  return {
    kept: rows.slice(0, count).map((row, at): [Row, Wanted] => [row, wanted[at]!]),
    added: wanted.slice(count),
    gone: rows.slice(count),
  }
}

/** Moves rows to new places. No two may share one at any moment, so all step aside first (`null`). */
async function inPlaces<Row, Wanted>(
  kept: readonly [Row, Wanted][],
  move: (row: Row, wanted: Wanted | null) => Promise<void>,
): Promise<void> {
  for (const [row] of kept) await move(row, null)
  for (const [row, wanted] of kept) await move(row, wanted)
}

/** A place that no trigger has. */
const aside = ({ triggerIndex }: { triggerIndex: number | null }) => -1 - (triggerIndex ?? 0)
