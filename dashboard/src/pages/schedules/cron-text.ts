import { toString } from 'cronstrue'
import { cronFault, nextTimes, timezoneFault } from '../../../../src/workflow/cron.ts'

const NICKNAMES: Readonly<Record<string, string>> = {
  '@yearly': 'Once a year, on 1 January at 00:00',
  '@annually': 'Once a year, on 1 January at 00:00',
  '@monthly': 'Once a month, on the first day at 00:00',
  '@weekly': 'Once a week, on Sunday at 00:00',
  '@daily': 'Every day at 00:00',
  '@midnight': 'Every day at 00:00',
  '@hourly': 'Every hour',
}

/** What a cron expression says, in words; the expression itself where nobody can say. */
export function cronText(cron: string): string {
  const nickname = NICKNAMES[cron.trim().toLowerCase()]
  if (nickname !== undefined) return nickname
  return toString(cron, { throwExceptionOnParseError: false, use24HourTimeFormat: true, verbose: false })
}

/** Times that the preview shows. */
const SHOWN = 5

/** What the server would make of a schedule: its next times, or what is wrong, by field. */
export type Preview = { times: Date[]; text: string } | { cron?: string; timezone?: string }

/** Reads a schedule by the rules of the server, which are the same code. */
export function previewOf(schedule: { cron: string; timezone: string }, now: number): Preview {
  const cron = schedule.cron.trim() === '' ? 'Needed' : cronFault(schedule.cron)
  const timezone = timezoneFault(schedule.timezone)
  if (cron === null && timezone === null) {
    return { times: nextTimes(schedule, new Date(now), SHOWN), text: cronText(schedule.cron) }
  }
  return { ...(cron === null ? {} : { cron }), ...(timezone === null ? {} : { timezone }) }
}
