import type { Schedule } from '../../api/shapes.ts'
import { nextTimes } from '../../../../src/workflow/cron.ts'

const DAY_MS = 86_400_000
const DAYS = 7
/** A schedule with more times in a week is told as a whole: every half an hour is the most that a day can show. */
const MOST_TIMES = 48 * DAYS
/** Of a schedule that many times a day are shown one by one. */
const MOST_A_DAY = 3

type Timed = Pick<Schedule, 'id' | 'workflow_name' | 'cron' | 'timezone' | 'paused'>

/** What one schedule does on a day. */
export interface DayEntry {
  schedule: Timed
  /** The first of that day, ms. */
  at: number
  /** How many times; above one, `at` is the first. */
  count: number
}

/** A week from now on. */
export interface Week {
  /** Seven days; `at` is a moment of it, ms. */
  days: { at: number; entries: DayEntry[] }[]
  /** Those that run too often to be told by the day. */
  often: Timed[]
}

/** When schedules will run in the seven days from `now` (ms), by the days of a zone; paused ones do not. */
export function weekOf(schedules: readonly Timed[], now: number, zone: string): Week {
  const days = new Map<string, { at: number; entries: DayEntry[] }>()
  const dayOf = new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' })
  // By half days: one on which the clocks are set back has 25 hours, and 24 later it may still be the same.
  for (let at = now; days.size < DAYS; at += DAY_MS / 2) {
    const name = dayOf.format(at)
    if (!days.has(name)) days.set(name, { at, entries: [] })
  }
  const often: Timed[] = []
  for (const schedule of schedules.filter(({ paused }) => !paused)) {
    const times = nextTimes(schedule, new Date(now), MOST_TIMES + 1)
    const last = times[MOST_TIMES]
    if (last !== undefined && last.getTime() < now + DAYS * DAY_MS) often.push(schedule)
    else {
      const byDay = new Map<string, Date[]>()
      for (const time of times) {
        const name = dayOf.format(time)
        byDay.set(name, [...(byDay.get(name) ?? []), time])
      }
      for (const [name, found] of byDay) days.get(name)?.entries.push(...entriesOf(schedule, found))
    }
  }
  for (const { entries } of days.values()) entries.sort((a, b) => a.at - b.at)
  return { days: [...days.values()], often }
}

function entriesOf(schedule: Timed, times: readonly Date[]): DayEntry[] {
  const [first] = times
  if (first === undefined) return []
  if (times.length > MOST_A_DAY) return [{ schedule, at: first.getTime(), count: times.length }]
  return times.map((time) => ({ schedule, at: time.getTime(), count: 1 }))
}
