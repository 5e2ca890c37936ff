import { readHistory, type RunHistory } from '../db/history.ts'
import type { Engine } from '../engine/engine.ts'
import { shared } from './shared-answer.ts'

/** The newest ended runs that are looked at, and as many started ones: 50,000 took 0.1 s. */
export const MOST_RUNS = 100_000

const MINUTE = 60
const HOUR = 60 * MINUTE

/**
 * What can be asked for: how long, and the parts that it is cut into, in seconds; how old an answer may be, so that a page
 * that many look at costs one reading in that time.
 */
const RANGES = {
  '1h': { seconds: HOUR, bucketSeconds: MINUTE, freshMs: 5_000 },
  '6h': { seconds: 6 * HOUR, bucketSeconds: 5 * MINUTE, freshMs: 10_000 },
  '24h': { seconds: 24 * HOUR, bucketSeconds: 30 * MINUTE, freshMs: 20_000 },
  '7d': { seconds: 7 * 24 * HOUR, bucketSeconds: 3 * HOUR, freshMs: 60_000 },
} as const

/** A stretch of time up to now. */
export type HistoryRange = keyof typeof RANGES
/** Every {@link HistoryRange}, shortest first. */
export const HISTORY_RANGES = ['1h', '6h', '24h', '7d'] as const satisfies readonly HistoryRange[]

/** History of a range, its times in ms since 1970. */
export interface RangeHistory extends RunHistory {
  from: number
  to: number
  bucketSeconds: number
}

/** Reads the history of a range, at most once in a while however often it is called. */
export function runHistory(engine: Engine): (range: HistoryRange) => Promise<RangeHistory> {
  const readers = new Map(
    HISTORY_RANGES.map((range) => [range, shared(RANGES[range].freshMs, () => read(engine, range))]),
  )
  return (range) => readers.get(range)?.() ?? read(engine, range)
}

async function read(engine: Engine, range: HistoryRange): Promise<RangeHistory> {
  const { seconds, bucketSeconds } = RANGES[range]
  const bucketMs = bucketSeconds * 1000
  // The end of the bucket that is under way.
  const to = (Math.floor(Date.now() / bucketMs) + 1) * bucketMs
  const from = to - seconds * 1000
  const history = await readHistory(engine.db, { from, bucketSeconds, mostRuns: MOST_RUNS })
  return { ...history, from, to, bucketSeconds }
}
