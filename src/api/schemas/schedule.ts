import { z } from '@hono/zod-openapi'
import type { ScheduleEntry } from '../../db/schedules.ts'
import { cronFault, nextTimes, timezoneFault } from '../../workflow/cron.ts'
import { payload, storableText } from '../payload.ts'
import { strict } from '../problems.ts'
import { id, iso, timestamp, timestampOrNull } from './fields.ts'

/** Times that are shown ahead. */
const NEXT_RUNS = 5
const MOST_CHARACTERS = 200

/** Text in which `fault` finds nothing wrong. */
function checkedText(fault: (text: string) => string | null) {
  return storableText(1, MOST_CHARACTERS).superRefine((text, context) => {
    const message = fault(text)
    if (message !== null) context.addIssue({ code: 'custom', message })
  })
}

const cron = checkedText(cronFault).openapi({
  description: 'Minute, hour, day of month, month, day of week',
  example: '30 2 * * MON-FRI',
})
const timezone = checkedText(timezoneFault).openapi({ description: 'IANA name', example: 'Europe/Berlin' })
const overlap = z
  .enum(['skip', 'allow'])
  .openapi({ description: 'While the last run lasts: pass the time over (`skip`), or start another run' })
const paused = z.boolean()
const workflow = storableText(1, 128).openapi({ description: 'Id or name' })

/** Body of a new schedule. */
export const createScheduleSchema = strict({
  workflow,
  cron,
  timezone: timezone.default('UTC'),
  input: payload.default({}),
  overlap: overlap.default('skip'),
  paused: paused.default(false),
}).openapi('CreateSchedule')

/** Body of a change. */
export const changeScheduleSchema = strict({
  workflow: workflow.optional(),
  cron: cron.optional(),
  timezone: timezone.optional(),
  input: payload.optional(),
  overlap: overlap.optional(),
  paused: paused.optional(),
}).openapi('ChangeSchedule')

/** A schedule. */
export const scheduleSchema = z
  .object({
    id,
    workflow: z.string().openapi({ description: 'As it may be given: the name of the workflow' }),
    workflow_id: id,
    workflow_name: z.string(),
    cron: z.string(),
    timezone: z.string(),
    input: payload,
    overlap: z.enum(['skip', 'allow']),
    paused,
    trigger_index: z
      .int()
      .nullable()
      .openapi({ description: 'Place in the `triggers` of the definition that made it; null: the API did' }),
    next_runs: z
      .array(timestamp)
      .openapi({ description: 'The next five times; of a paused schedule, those at which it would run' }),
    last_run_at: timestampOrNull,
    last_run_id: id.nullable(),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .openapi('Schedule')

/** Shows a schedule. */
export function showSchedule(schedule: ScheduleEntry, now: Date): z.infer<typeof scheduleSchema> {
  return {
    id: schedule.id,
    workflow: schedule.workflowName,
    workflow_id: schedule.workflowId,
    workflow_name: schedule.workflowName,
    cron: schedule.cron,
    timezone: schedule.timezone,
    input: schedule.input ?? null,
    overlap: schedule.overlap === 'allow' ? 'allow' : 'skip',
    paused: schedule.paused,
    trigger_index: schedule.triggerIndex,
    next_runs: nextTimes(schedule, now, NEXT_RUNS).map((time) => iso(time)),
    last_run_at: iso(schedule.lastRunAt),
    last_run_id: schedule.lastRunId,
    created_at: iso(schedule.createdAt),
    updated_at: iso(schedule.updatedAt),
  }
}
