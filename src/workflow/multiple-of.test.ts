import { expect, it } from 'vitest'
import { isMultipleOf } from './multiple-of.ts'

it.each<[number, number, boolean]>([
  [0.07, 0.01, true],
  [-19.99, 0.01, true],
  [0.075, 0.01, false],
  [99_999_999_999.99, 0.01, true],
  [1.000_000_1, 1, false],
  [4.5, 1.5, true],
  [0, 0.3, true],
  [1e21, 7, false],
  [7e21, 7, true],
  [1e-7, 1e-8, true],
  [1e-8, 1e-7, false],
  [1.5e300, 1e-300, true],
  [Number.MAX_SAFE_INTEGER, 3, false],
])('%d of %d: %s', (value, divisor, expected) => {
  expect(isMultipleOf(value, divisor)).toBe(expected)
})
