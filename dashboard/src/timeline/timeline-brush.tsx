import { type KeyboardEvent, type PointerEvent, useMemo, useRef } from 'react'
import { tickText } from './ticks.ts'
import type { Span, TimeScale } from './time-scale.ts'
import { panned, type Viewport, within } from './viewport.ts'

const BINS = 160
const HEIGHT = 30
const KEY_SHARE = 0.02

/** The whole run at a glance, how much ran at once; what is looked at of it is a window that can be moved and sized. */
export function TimelineBrush(props: {
  scale: TimeScale
  busy: readonly Span[]
  view: Viewport
  onView: (next: (view: Viewport) => Viewport) => void
}) {
  const { scale, busy, view, onView } = props
  const place = useRef<HTMLDivElement>(null)
  const grip = useRef<{ part: 'from' | 'to' | 'window'; x: number } | null>(null)
  const path = useMemo(() => hillsOf(scale, busy), [scale, busy])

  const press = (part: 'from' | 'to' | 'window') => (event: PointerEvent<HTMLElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId)
    grip.current = { part, x: event.clientX }
  }
  const move = (event: PointerEvent<HTMLElement>) => {
    const held = grip.current
    if (held === null || place.current === null) return
    const by = (event.clientX - held.x) / place.current.clientWidth
    grip.current = { ...held, x: event.clientX }
    onView((now) => moved(now, held.part, by))
  }
  const release = () => {
    grip.current = null
  }
  const onKeyDown = (part: 'from' | 'to' | 'window') => (event: KeyboardEvent<HTMLElement>) => {
    const by = { ArrowLeft: -KEY_SHARE, ArrowRight: KEY_SHARE }[event.key]
    if (by === undefined) return
    event.preventDefault()
    event.stopPropagation()
    onView((now) => moved(now, part, by))
  }
  const thumb = (part: 'from' | 'to', label: string) => (
    <span
      className="brush-thumb"
      data-part={part}
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(view[part] * 100)}
      aria-valuetext={`${tickText(scale.toTime(view[part]) - scale.from, 100)} after the begin`}
      style={{ left: `${view[part] * 100}%` }}
      onPointerDown={press(part)}
      onPointerMove={move}
      onPointerUp={release}
      onKeyDown={onKeyDown(part)}
    />
  )
  return (
    <div ref={place} className="brush" role="group" aria-label="Part of the run that is shown">
      <svg className="brush-hills" viewBox={`0 0 ${BINS} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden>
        <path d={path} />
        {scale.folds.map((fold) => (
          <rect
            key={fold.from}
            className="brush-fold"
            x={fold.at * BINS}
            width={fold.length * BINS}
            y={0}
            height={HEIGHT}
          />
        ))}
      </svg>
      <div
        className="brush-window"
        style={{ left: `${view.from * 100}%`, width: `${(view.to - view.from) * 100}%` }}
        onPointerDown={press('window')}
        onPointerMove={move}
        onPointerUp={release}
      />
      {thumb('from', 'Begin of what is shown')}
      {thumb('to', 'End of what is shown')}
    </div>
  )
}

function moved(view: Viewport, part: 'from' | 'to' | 'window', by: number): Viewport {
  if (part === 'window') return panned(view, by / (view.to - view.from))
  const next = { ...view, [part]: Math.min(Math.max(view[part] + by, 0), 1) }
  return next.from < next.to ? within(next) : view
}

/** How much ran at once, over the whole, as one shape. */
function hillsOf(scale: TimeScale, busy: readonly Span[]): string {
  const changes = new Float64Array(BINS + 1)
  for (const { from, to } of busy) {
    const first = Math.min(Math.floor(scale.toPlace(from) * BINS), BINS - 1)
    const last = Math.min(Math.floor(scale.toPlace(to) * BINS), BINS - 1)
    changes[first] = (changes[first] ?? 0) + 1
    changes[last + 1] = (changes[last + 1] ?? 0) - 1
  }
  let level = 0
  const levels = Array.from(changes.subarray(0, BINS), (change) => (level += change))
  const highest = levels.reduce((most, one) => Math.max(most, one), 1)
  const points = levels.map((one, bin) => {
    const y = HEIGHT - (one / highest) * (HEIGHT - 4)
    return `L${bin},${y.toFixed(1)} L${bin + 1},${y.toFixed(1)}`
  })
  return `M0,${HEIGHT} ${points.join(' ')} L${BINS},${HEIGHT} Z`
}
