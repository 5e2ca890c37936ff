/** The part of the whole that is looked at, as shares of it: 0 to 1. */
export interface Viewport {
  from: number
  to: number
}

/** All of it. */
export const WHOLE: Viewport = { from: 0, to: 1 }

/** The narrowest view: a two-thousandth of the whole. */
const NARROWEST = 0.0005

/** A viewport of the same length that lies within the whole; never narrower than is of use. */
export function within({ from, to }: Viewport): Viewport {
  const length = Math.min(Math.max(to - from, NARROWEST), 1)
  const start = Math.min(Math.max(from, 0), 1 - length)
  return { from: start, to: start + length }
}

/** `factor` below 1 looks closer. What is at `place` (a share of the whole) stays where it is. */
export function zoomed({ from, to }: Viewport, factor: number, place: number): Viewport {
  const length = Math.min(Math.max((to - from) * factor, NARROWEST), 1)
  const share = to === from ? 0.5 : (place - from) / (to - from)
  return within({ from: place - share * length, to: place + (1 - share) * length })
}

/** Moved by a share of what is seen. */
export function panned({ from, to }: Viewport, share: number): Viewport {
  const by = (to - from) * share
  return within({ from: from + by, to: to + by })
}
