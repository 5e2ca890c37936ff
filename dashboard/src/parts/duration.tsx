import { useTicking } from './clock.ts'
import { durationText } from './time-text.ts'

/** The time between two moments of the API; it ticks while `to` is null. Not begun (`from` null): a dash. */
export function Duration({ from, to }: { from: string | null; to: string | null }) {
  const now = useTicking(from !== null && to === null)
  if (from === null) return <span className="quiet">–</span>
  const ms = (to === null ? now : Date.parse(to)) - Date.parse(from)
  return <span className="duration">{durationText(to === null ? Math.floor(ms / 1000) * 1000 : ms)}</span>
}
