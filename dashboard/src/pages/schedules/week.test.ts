import { expect, it } from 'vitest'
import { weekOf } from './week.ts'

/** A Saturday. */
const NOW = Date.parse('2026-11-21T22:30:00Z')

const schedule = (cron: string, timezone = 'UTC', paused = false) => ({
  id: cron,
  workflow_name: cron,
  cron,
  timezone,
  paused,
})

it('a week has seven days of the zone that is looked from, and each time on its day', () => {
  const { days } = weekOf([schedule('0 23 * * SAT'), schedule('0 9 * * MON')], NOW, 'Europe/Berlin')
  expect(days).toHaveLength(7)
  // 23:00 UTC is on Sunday in Berlin, and so is "now".
  expect(days.map(({ entries }) => entries.map((entry) => entry.schedule.cron))).toEqual([
    [],
    ['0 23 * * SAT'],
    ['0 9 * * MON'],
    [],
    [],
    [],
    [],
  ])
})

it('a week in which the clocks are set back has seven days, too, with the times of each', () => {
  // Half past midnight in Berlin, on a day of 25 hours.
  const { days } = weekOf([schedule('0 9 * * *', 'Europe/Berlin')], Date.parse('2026-10-24T22:30:00Z'), 'Europe/Berlin')
  expect(days).toHaveLength(7)
  expect(days.map(({ entries }) => entries.length)).toEqual([1, 1, 1, 1, 1, 1, 1])
})

it('many times of a day are one entry, those of every minute none, and paused schedules are left out', () => {
  const schedules = [schedule('0 * * * *'), schedule('* * * * *'), schedule('0 1 * * *', 'UTC', true)]
  const { days, often } = weekOf(schedules, NOW, 'UTC')
  expect(days[1]?.entries).toMatchObject([{ schedule: { cron: '0 * * * *' }, count: 24 }])
  expect(often.map(({ cron }) => cron)).toEqual(['* * * * *'])
})
