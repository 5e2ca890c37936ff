import { describe, expect, it } from 'vitest'
import { absoluteText, durationText, relativeText } from './time-text.ts'

describe('texts of times', () => {
  it.each([
    [-5, '0 s'],
    [840, '840 ms'],
    [4_260, '4.2 s'],
    [59_999, '59 s'],
    [192_000, '3 min 12 s'],
    [180_000, '3 min'],
    [18_240_000, '5 h 4 min'],
    [183_600_000, '2 d 3 h'],
  ])('a duration of %i ms is %s', (ms, text) => {
    expect(durationText(ms)).toBe(text)
  })

  it.each([
    [-2_000, 'just now'],
    [-59_000, '59 s ago'],
    [-180_000, '3 min ago'],
    [2_000, 'now'],
    [5_000, 'in 5 s'],
    [7_200_000, 'in 2 h'],
    [-172_800_000, '2 d ago'],
  ])('%i ms from now is %s', (distance, text) => {
    const now = Date.parse('2026-11-21T10:00:00Z')
    expect(relativeText(now + distance, now)).toBe(text)
  })

  it('a moment names its zone', () => {
    const at = Date.parse('2026-11-21T10:03:12.345Z')
    expect(absoluteText(at, 'UTC')).toBe('21 Nov 2026, 10:03:12 UTC')
    expect(absoluteText(at, 'Asia/Tokyo', { ms: true })).toBe('21 Nov 2026, 19:03:12.345 GMT+9')
  })
})
