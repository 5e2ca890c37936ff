import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Retry } from './definition.ts'
import { retryDelayMs } from './retry.ts'

const base: Retry = { backoff: 'exponential', delay_seconds: 2, factor: 2, max_delay_seconds: 60, jitter: 0 }
const middle = () => 0.5

function delaysOf(retry: Partial<Retry>, random = middle): number[] {
  return [1, 2, 3, 4, 5, 6, 7].map((failedAttempts) => retryDelayMs({ ...base, ...retry }, failedAttempts, random))
}

describe('retryDelayMs', () => {
  test('a fixed backoff waits the same time after every failure', () => {
    expect(delaysOf({ backoff: 'fixed' })).toEqual([2_000, 2_000, 2_000, 2_000, 2_000, 2_000, 2_000])
  })

  test('an exponential backoff grows by its factor up to its maximum', () => {
    expect(delaysOf({})).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
    expect(delaysOf({ factor: 3 })).toEqual([2_000, 6_000, 18_000, 54_000, 60_000, 60_000, 60_000])
  })

  test('a delay longer than the maximum is cut', () => {
    expect(delaysOf({ backoff: 'fixed', delay_seconds: 90 })[0]).toBe(60_000)
  })

  test('jitter spreads the delay to both sides', () => {
    expect(retryDelayMs({ ...base, jitter: 0.25 }, 1, () => 0)).toBe(1_500)
    expect(retryDelayMs({ ...base, jitter: 0.25 }, 1, middle)).toBe(2_000)
    expect(retryDelayMs({ ...base, jitter: 0.25 }, 1, () => 0.999_999_9)).toBe(2_500)
  })

  test('at the maximum jitter spreads below it, and does not pile up on it', () => {
    expect(retryDelayMs({ ...base, jitter: 0.5 }, 10, middle)).toBe(45_000)
  })

  test('a delay of 0 stays 0, also after a thousand failures', () => {
    expect(retryDelayMs({ ...base, delay_seconds: 0, factor: 100, jitter: 1 }, 1_001, middle)).toBe(0)
  })

  const retries = fc.record({
    backoff: fc.constantFrom('fixed' as const, 'exponential' as const),
    delay_seconds: fc.double({ min: 0, max: 1e8, noNaN: true }),
    factor: fc.double({ min: 1, max: 100, noNaN: true }),
    max_delay_seconds: fc.double({ min: 0, max: 3e8, noNaN: true }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  const failures = fc.integer({ min: 1, max: 1_001 })

  test('a delay is a whole number within its bounds', () => {
    fc.assert(
      fc.property(retries, failures, random, (retry, failedAttempts, dice) => {
        const delayMs = retryDelayMs(retry, failedAttempts, () => dice)
        const plainMs = retryDelayMs({ ...retry, jitter: 0 }, failedAttempts, () => dice)
        expect(Number.isInteger(delayMs)).toBe(true)
        expect(delayMs).toBeLessThanOrEqual(Math.round(retry.max_delay_seconds * 1_000))
        expect(delayMs).toBeGreaterThanOrEqual(Math.floor(plainMs * (1 - retry.jitter)) - 1)
        expect(delayMs).toBeLessThanOrEqual(Math.ceil(plainMs * (1 + retry.jitter)) + 1)
      }),
    )
  })

  test('without jitter a delay never shrinks', () => {
    fc.assert(
      fc.property(retries, failures, random, (retry, failedAttempts, dice) => {
        const steady = { ...retry, jitter: 0 }
        const delayMs = retryDelayMs(steady, failedAttempts, () => dice)
        expect(retryDelayMs(steady, failedAttempts + 1, () => dice)).toBeGreaterThanOrEqual(delayMs)
      }),
    )
  })
})
