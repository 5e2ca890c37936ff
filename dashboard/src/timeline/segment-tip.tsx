import { absoluteText } from '../parts/time-text.ts'
import { useZone } from '../parts/zone.ts'
import { segmentText } from './segment-words.ts'
import type { Pointed } from './timeline-row.tsx'

/** What the piece under the pointer is, with exact times. */
export function SegmentTip({ pointed }: { pointed: Pointed }) {
  const { zone } = useZone()
  const { segment, stepId, x, y } = pointed
  const time = (at: number) => absoluteText(at, zone, { ms: true })
  const isAtRight = x > window.innerWidth - 320
  return (
    <div
      role="tooltip"
      className="segment-tip"
      style={{ top: y + 16, ...(isAtRight ? { right: window.innerWidth - x + 8 } : { left: x + 8 }) }}
    >
      <strong>{stepId}</strong>
      <span>{segmentText(segment)}</span>
      <span className="segment-tip-time">
        {time(segment.from)}
        <br />
        {segment.isOpen ? 'until now' : time(segment.to)}
      </span>
      {segment.attempt?.worker !== undefined && segment.attempt.worker !== null && (
        <span>by {segment.attempt.worker}</span>
      )}
      {segment.attempt?.error !== undefined && segment.attempt.error !== null && (
        <span className="segment-tip-error">{segment.attempt.error.message}</span>
      )}
    </div>
  )
}
