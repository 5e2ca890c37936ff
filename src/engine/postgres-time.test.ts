import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { PostgresTime } from './postgres-time.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test.each([
  ['2026-11-22 03:01:02.123456+00', 0, '2026-11-22T03:01:02.123456Z'],
  ['2026-11-22 03:01:02.123456+00', 40, '2026-11-22T03:01:02.163456Z'],
  ['2026-11-22 03:01:02.999999+00', 1, '2026-11-22T03:01:03.000999Z'],
  ['2026-11-22 03:01:02.1234+00', 0, '2026-11-22T03:01:02.123400Z'],
  ['2026-11-22 03:01:02.1+00', 3, '2026-11-22T03:01:02.103000Z'],
  ['2026-11-22 03:01:02+00', 3, '2026-11-22T03:01:02.003000Z'],
  ['2026-11-22 08:31:02.123456+05:30', 0, '2026-11-22T03:01:02.123456Z'],
])('what was told as %s is %d ms later %s', (told, ms, later) => {
  const time = new PostgresTime()
  time.tell(told)
  vi.advanceTimersByTime(ms)
  expect(time.now()).toBe(later)
})

test('an answer that took longer does not turn the time back', () => {
  const time = new PostgresTime()
  time.tell('2026-11-22 03:01:02.500000+00')
  vi.advanceTimersByTime(10)
  time.tell('2026-11-22 03:01:02.505000+00')
  expect(time.now()).toBe('2026-11-22T03:01:02.510000Z')
  time.tell('2026-11-22 03:01:02.512000+00')
  expect(time.now()).toBe('2026-11-22T03:01:02.512000Z')
})

test('an answer of long ago counts no more: a clock may have been set', () => {
  const time = new PostgresTime()
  time.tell('2026-11-22 03:01:02.000000+00')
  vi.advanceTimersByTime(4_001)
  time.tell('2026-11-22 03:00:00.000000+00')
  expect(time.now()).toBe('2026-11-22T03:00:00.000000Z')
})
