/** A span of time, ms. */
export interface Span {
  from: number
  to: number
}

/** A gap in which nothing ran, drawn short; `at` and `length` as shares of the whole. */
export interface Fold extends Span {
  at: number
  length: number
}

/** Maps times, ms, to places from 0 to 1 and back. */
export interface TimeScale extends Span {
  toPlace: (time: number) => number
  toTime: (place: number) => number
  folds: readonly Fold[]
  /** The spans that are not folded. */
  spans: readonly Span[]
}

/** Gaps shorter than this are never folded, ms. */
const SHORTEST_FOLD_MS = 5_000
/** A fold has this share of the width, unless there are many. */
const FOLD_SHARE = 0.05
const ALL_FOLDS_SHARE = 0.4

/**
 * A scale over `whole`. With `fold`, each gap between the `busy` spans that is longer than all of them together is drawn
 * short: a night of waiting, or a retry days later, does not squash what happened.
 */
export function timeScale(whole: Span, busy: readonly Span[], { fold }: { fold: boolean }): TimeScale {
  const to = Math.max(whole.to, whole.from + 1)
  const gaps = fold ? foldedGaps({ from: whole.from, to }, busy) : []
  const spans = between({ from: whole.from, to }, gaps)
  const shown = spans.reduce((sum, span) => sum + span.to - span.from, 0)
  const foldShare = gaps.length === 0 ? 0 : Math.min(FOLD_SHARE, ALL_FOLDS_SHARE / gaps.length)
  const rest = 1 - foldShare * gaps.length
  const pieces = [...spans, ...gaps]
    .toSorted((a, b) => a.from - b.from)
    .map((span) => ({ ...span, isFold: gaps.includes(span) }))
  let place = 0
  const placed = pieces.map((piece) => {
    const length = piece.isFold ? foldShare : (rest * (piece.to - piece.from)) / shown
    const at = place
    place += length
    return { ...piece, at, length }
  })
  return {
    from: whole.from,
    to,
    spans,
    folds: placed.filter((piece) => piece.isFold).map(({ from, to, at, length }) => ({ from, to, at, length })),
    toPlace(time) {
      const piece = placed.find((one) => time <= one.to) ?? placed.at(-1)
      if (piece === undefined) return 0
      const share = (time - piece.from) / (piece.to - piece.from)
      return piece.at + piece.length * Math.min(Math.max(share, 0), 1)
    },
    toTime(place) {
      const piece = placed.find((one) => place <= one.at + one.length) ?? placed.at(-1)
      if (piece === undefined) return whole.from
      const share = (place - piece.at) / piece.length
      return piece.from + (piece.to - piece.from) * Math.min(Math.max(share, 0), 1)
    },
  }
}

function foldedGaps(whole: Span, busy: readonly Span[]): Span[] {
  const merged = mergedSpans(busy)
  const busyMs = merged.reduce((sum, { from, to }) => sum + to - from, 0)
  // Where nothing ran there is nothing to make room for.
  if (busyMs === 0) return []
  const shortest = Math.max(SHORTEST_FOLD_MS, busyMs)
  return between(whole, merged).filter(({ from, to }) => to - from > shortest)
}

/** Spans that overlap or touch become one; in order. */
export function mergedSpans(spans: readonly Span[]): Span[] {
  const merged: Span[] = []
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1)
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to)
    else merged.push({ from, to })
  }
  return merged
}

/** What `parts`, in order, leave over of `whole`. */
function between(whole: Span, parts: readonly Span[]): Span[] {
  const left: Span[] = []
  let from = whole.from
  for (const part of parts) {
    if (part.from > from) left.push({ from, to: Math.min(part.from, whole.to) })
    from = Math.max(from, part.to)
  }
  if (from < whole.to) left.push({ from, to: whole.to })
  return left
}
