import type { Retry } from './definition.ts'

/**
 * Milliseconds (whole) to wait after a failed attempt before the next one: `delay_seconds`, multiplied by `factor` for
 * each further failure when the backoff is exponential, and never more than `max_delay_seconds`.
 *
 * Jitter spreads the delay evenly over delay x (1 - jitter) to delay x (1 + jitter), cut at the maximum: the range is
 * cut, not the values, so that steps at the maximum do not all come back in one moment.
 *
 * `failedAttempts` counts from 1; `random` gives numbers from 0 to below 1. Without jitter the delay never shrinks from
 * one attempt to the next.
 */
export function retryDelayMs(retry: Retry, failedAttempts: number, random: () => number): number {
  const maxMs = retry.max_delay_seconds * 1_000
  const delayMs = Math.min(maxMs, retry.delay_seconds * 1_000 * growthOf(retry, failedAttempts))
  const leastMs = delayMs * (1 - retry.jitter)
  const mostMs = Math.min(maxMs, delayMs * (1 + retry.jitter))
  return Math.round(leastMs + (mostMs - leastMs) * random())
}

/** Finite, also after a thousand failures: infinity times a delay of 0 would be no number. */
function growthOf(retry: Retry, failedAttempts: number): number {
  if (retry.backoff === 'fixed') return 1
  return Math.min(retry.factor ** (failedAttempts - 1), Number.MAX_SAFE_INTEGER)
}
