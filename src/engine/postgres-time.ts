/** How long an answer is good to tell the time by: the clocks of two machines drift apart, and one may be set. */
const GOOD_MS = 4_000

/**
 * The least that Postgres's clock can show now, by the times that its answers have told: by our clock each was told later
 * than it was read, by an unknown part of the round trip, so the one that came soonest tells best. What begins at this time
 * begins behind all that was told before, and never in the future.
 */
export class PostgresTime {
  /** By how much Postgres's clock is ahead of `performance.now()` at least, in microseconds. */
  private aheadUs = Number.NEGATIVE_INFINITY
  private toldMs = Number.NEGATIVE_INFINITY

  /** Takes note of a time, as text, that an answer has just told. */
  tell(time: string): void {
    const nowMs = performance.now()
    const aheadUs = microsecondsOf(time) - nowMs * 1_000
    if (aheadUs <= this.aheadUs && nowMs - this.toldMs <= GOOD_MS) return
    this.aheadUs = aheadUs
    this.toldMs = nowMs
  }

  /** ISO 8601, to the microsecond. Nothing before a time was told. */
  now(): string {
    const us = Math.floor(performance.now() * 1_000 + this.aheadUs)
    const rest = String(us % 1_000).padStart(3, '0')
    return new Date(Math.floor(us / 1_000)).toISOString().replace('Z', `${rest}Z`)
  }
}

/** Since 1970. Exact: a Date has milliseconds only, a number has room for microseconds until the year 2255. */
function microsecondsOf(time: string): number {
  const [, rest = ''] = /\.\d{3}(\d{1,3})/.exec(time) ?? []
  return Date.parse(time) * 1_000 + Number(rest.padEnd(3, '0'))
}
