import { createContext, type CSSProperties, use } from 'react'
import type { RunEntry } from '../../api/shapes.ts'
import { useTicking } from '../../parts/clock.ts'
import { STATUS_LOOKS } from '../../parts/status.ts'
import { durationText } from '../../parts/time-text.ts'

/** The duration that fills a bar, ms. */
export const LongestDuration = createContext(1)

/** How long a run lasted, or lasts by now, ms; null: it has not begun. */
export function durationOf(run: RunEntry, now: number): number | null {
  if (run.started_at === null) return null
  const end = run.completed_at === null ? now : Date.parse(run.completed_at)
  return Math.max(0, end - Date.parse(run.started_at))
}

/** The duration in words, over a bar that compares it with the others of the list. */
export function DurationBar({ run }: { run: RunEntry }) {
  const lasts = run.started_at !== null && run.completed_at === null
  const now = useTicking(lasts)
  const longest = use(LongestDuration)
  const ms = durationOf(run, now)
  if (ms === null) return <span className="quiet">–</span>
  const part = { '--part': `${Math.min(100, Math.max(1, (ms / longest) * 100))}%` } as CSSProperties
  return (
    <span className={`duration-bar tone-${STATUS_LOOKS[run.status].tone}`} style={part}>
      <span className="duration">{durationText(lasts ? Math.floor(ms / 1000) * 1000 : ms)}</span>
    </span>
  )
}
