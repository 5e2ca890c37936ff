import type { TimeScale } from './time-scale.ts'
import type { Viewport } from './viewport.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const STEPS_MS = [
  1,
  2,
  5,
  10,
  20,
  50,
  100,
  200,
  500,
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 7, 14, 30, 90, 365].map((count) => count * DAY),
]

/** A mark on the axis: a place in the whole, and how long after the begin it is. */
export interface Tick {
  place: number
  text: string
}

/** Marks for what is looked at: about `wanted` of them, at round distances from the begin of the scale. */
export function ticksOf(scale: TimeScale, view: Viewport, wanted: number): Tick[] {
  const { from, to } = { from: scale.toTime(view.from), to: scale.toTime(view.to) }
  const seen = scale.spans
    .map((span) => ({ from: Math.max(span.from, from), to: Math.min(span.to, to) }))
    .filter((span) => span.to > span.from)
  const shown = seen.reduce((sum, span) => sum + span.to - span.from, 0)
  const step = STEPS_MS.find((ms) => shown / ms <= wanted) ?? 365 * DAY
  const ticks: Tick[] = []
  for (const span of seen) {
    const first = Math.ceil((span.from - scale.from) / step) * step
    for (let since = first; scale.from + since <= span.to; since += step) {
      ticks.push({ place: scale.toPlace(scale.from + since), text: tickText(since, step) })
    }
  }
  // Behind a fold the next mark can come right after the one before it.
  const closest = (view.to - view.from) / (wanted * 2)
  return ticks.filter(({ place }, index) => {
    const before = ticks[index - 1]
    return before === undefined || place - before.place >= closest
  })
}

/** A time since the begin, as exact as the distance of the marks needs. */
export function tickText(ms: number, step: number): string {
  if (ms === 0) return '0'
  if (ms < MINUTE || step < SECOND) {
    const digits = step >= SECOND ? 0 : step >= 100 ? 1 : step >= 10 ? 2 : 3
    return `${(ms / SECOND).toFixed(digits)} s`
  }
  const parts: [number, string][] = [
    [Math.floor(ms / DAY), 'd'],
    [Math.floor((ms % DAY) / HOUR), 'h'],
    [Math.floor((ms % HOUR) / MINUTE), 'min'],
    [Math.floor((ms % MINUTE) / SECOND), 's'],
  ]
  return parts
    .filter(([count]) => count > 0)
    .map(([count, name]) => `${count} ${name}`)
    .join(' ')
}
