import { HoverCard, UnstyledButton } from '@mantine/core'
import { Time } from '../../parts/time.tsx'
import { absoluteText } from '../../parts/time-text.ts'

/** When a schedule runs next; hovering or focusing shows all the times that are known, as of its own zone. */
export function NextRuns({ times, timezone }: { times: readonly string[]; timezone: string }) {
  const [next = null] = times
  if (next === null) return <span className="quiet">Never again</span>
  return (
    <HoverCard position="bottom-start" openDelay={150} withinPortal>
      <HoverCard.Target>
        <UnstyledButton className="next-run" aria-label="Show the next times">
          <Time at={next} />
        </UnstyledButton>
      </HoverCard.Target>
      <HoverCard.Dropdown>
        <TimeList times={times} timezone={timezone} />
      </HoverCard.Dropdown>
    </HoverCard>
  )
}

/** Moments (ISO 8601) as of a zone, one a line. */
export function TimeList({ times, timezone }: { times: readonly string[]; timezone: string }) {
  return (
    <ol className="plain-list time-list">
      {times.map((time) => (
        <li key={time}>
          <span className="time">{absoluteText(Date.parse(time), timezone)}</span>
          <span className="quiet">
            <Time at={time} />
          </span>
        </li>
      ))}
    </ol>
  )
}
