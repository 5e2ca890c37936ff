import { Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { Schedule } from '../../api/shapes.ts'
import { useNow } from '../../parts/clock.ts'
import { useZone } from '../../parts/zone.ts'
import { cronText } from './cron-text.ts'
import { weekOf } from './week.ts'

const MINUTE_MS = 60_000

/** What will run in the next seven days, day by day, in the zone that was chosen. */
export function WeekView({ schedules }: { schedules: readonly Schedule[] }) {
  const { zone } = useZone()
  const now = useNow(MINUTE_MS)
  const { days, often } = useMemo(() => weekOf(schedules, now, zone), [schedules, now, zone])
  const [dayText, timeText] = useMemo(
    () => [
      new Intl.DateTimeFormat('en-GB', { timeZone: zone, weekday: 'short', day: 'numeric', month: 'short' }),
      new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' }),
    ],
    [zone],
  )
  return (
    <>
      {often.length > 0 && (
        <Text size="sm" className="card week-often">
          All week long:{' '}
          {often.map(({ id, workflow_name, cron }, index) => (
            <span key={id}>
              {index > 0 && ' · '}
              <Link to="/workflows/$workflow" params={{ workflow: workflow_name }} className="row-link">
                {workflow_name}
              </Link>{' '}
              <span className="quiet">{cronText(cron).toLowerCase()}</span>
            </span>
          ))}
        </Text>
      )}
      <ol className="plain-list week" aria-label="The next seven days">
        {days.map(({ at, entries }, index) => (
          <li key={at} className="card week-day" data-today={index === 0 || undefined}>
            <Text size="xs" fw={600} component="h2" className="week-head">
              {index === 0 ? 'Today' : dayText.format(at)}
            </Text>
            {entries.length === 0 && <span className="quiet week-none">–</span>}
            <ul className="plain-list">
              {entries.map(({ schedule, at: time, count }) => (
                <li key={`${schedule.id} ${time}`} className="week-entry" title={cronText(schedule.cron)}>
                  <span className="quiet">{timeText.format(time)}</span>
                  <Link to="/workflows/$workflow" params={{ workflow: schedule.workflow_name }} className="row-link">
                    {schedule.workflow_name}
                  </Link>
                  {count > 1 && <span className="quiet"> and {count - 1} more times</span>}
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ol>
      <Text size="xs" className="quiet" mt="xs">
        Times of {zone}
      </Text>
    </>
  )
}
