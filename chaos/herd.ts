import { randomOf } from './random.ts'
import { pickWorkload, type Workload } from './workloads.ts'

/**
 * More runs than the reconciler looks at in a page, which begin with the load and stand about for most of it: what it has
 * to find among the others is then behind them.
 */

/** A run of the herd. */
export interface HerdRun {
  load: Workload
  /** Both since the begin of the load. */
  beginsAtMs: number
  /** When it gets what it waits for, or is cancelled where nothing else ends it. */
  releasedAtMs: number
}

/** All begin within this, */
const BEGIN_WITHIN_MS = 2_000
/** and are released in what is left after this part of the load. */
const RELEASED_AFTER = 0.65

/**
 * The herd of a seed: at least one of each kind, where there is room. Those that end by the reconciler alone come last, so that
 * they are on a page of their own.
 */
export function planHerd(
  loads: readonly Workload[],
  { seed, herd, durationMs }: { seed: number; herd: number; durationMs: number },
): HerdRun[] {
  const random = randomOf(seed, 'herd')
  const kinds = loads.filter(({ weight }) => weight > 0)
  const drawn = Array.from({ length: herd }, (_, place) => kinds[place] ?? pickWorkload(kinds, random))
  const last = drawn.filter(endsByItself)
  return [...drawn.filter((load) => !endsByItself(load)), ...last].map((load, place) => ({
    load,
    beginsAtMs: Math.round((place / herd) * Math.min(BEGIN_WITHIN_MS, durationMs)),
    releasedAtMs: Math.round(durationMs * random.between(RELEASED_AFTER, 1)),
  }))
}

/** Whether a run of the herd ends although nobody does anything: its time is up. */
export function endsByItself({ decision }: Workload): boolean {
  return decision === 'never'
}
