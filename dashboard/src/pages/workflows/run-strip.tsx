import { Tooltip } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { WorkflowStats } from '../../api/shapes.ts'
import { durationText } from '../../parts/time-text.ts'
import { STATUS_LOOKS } from '../../parts/status.ts'
import './run-strip.css'

/** Bars of a strip. */
const BARS = 20
/** Heights in px: of the shortest and the longest run. */
const LOW = 8
const HIGH = 26

/** The newest runs of a workflow as bars, the newest at the right: the colour tells the status, the height how long. */
export function RunStrip({ recent }: { recent: WorkflowStats['recent'] }) {
  const longest = Math.max(1, ...recent.map((run) => run.duration_ms ?? 0))
  return (
    <span className="run-strip">
      {Array.from({ length: BARS - recent.length }, (_, place) => (
        <span key={place} className="run-strip-gap" aria-hidden />
      ))}
      {recent.map((run) => {
        const { word, tone } = STATUS_LOOKS[run.status]
        const label = run.duration_ms === null ? word : `${word} in ${durationText(run.duration_ms)}`
        const height = run.duration_ms === null ? LOW : LOW + (HIGH - LOW) * (run.duration_ms / longest)
        return (
          <Tooltip key={run.id} label={label}>
            <Link
              to="/runs/$run"
              params={{ run: run.id }}
              aria-label={label}
              className={`run-strip-bar tone-${tone}`}
              data-status={run.status}
              style={{ height }}
            />
          </Tooltip>
        )
      })}
    </span>
  )
}
