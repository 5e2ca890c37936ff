import { durationText } from '../parts/time-text.ts'
import { ticksOf } from './ticks.ts'
import type { TimeScale } from './time-scale.ts'
import type { Viewport } from './viewport.ts'

/** About so many marks: their texts do not touch on a phone either. */
const MARKS = { wide: 9, narrow: 4 }
/** Behind this share of the width the text of a mark would be cut off. */
const LAST_TEXT = { wide: 0.93, narrow: 0.84 }

/** Times since the begin, the gaps that are folded, and now. Lines reach down over all rows. */
export function TimelineAxis(props: { scale: TimeScale; view: Viewport; now: number | undefined; isNarrow: boolean }) {
  const { scale, view, now, isNarrow } = props
  const seen = view.to - view.from
  const left = (place: number) => `${((place - view.from) / seen) * 100}%`
  const isSeen = (place: number) => place >= view.from && place <= view.to
  const nowPlace = now === undefined ? undefined : scale.toPlace(now)
  return (
    <div className="timeline-axis" aria-hidden>
      {ticksOf(scale, view, isNarrow ? MARKS.narrow : MARKS.wide).map(({ place, text }) => (
        <span key={`${place} ${text}`} className="timeline-tick" style={{ left: left(place) }}>
          {(place - view.from) / seen < (isNarrow ? LAST_TEXT.narrow : LAST_TEXT.wide) && <span>{text}</span>}
        </span>
      ))}
      {scale.folds
        .filter((fold) => fold.at + fold.length >= view.from && fold.at <= view.to)
        .map((fold) => (
          <span
            key={fold.from}
            className="timeline-fold"
            title={`Nothing ran for ${durationText(fold.to - fold.from)}`}
            style={{ left: left(fold.at), width: `${(fold.length / seen) * 100}%` }}
          >
            <span>{durationText(fold.to - fold.from)}</span>
          </span>
        ))}
      {nowPlace !== undefined && isSeen(nowPlace) && (
        <span className="timeline-now" style={{ left: left(nowPlace) }}>
          <span>now</span>
        </span>
      )}
    </div>
  )
}
