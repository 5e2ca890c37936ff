import { expect, test } from 'vitest'
import { runsPerSweep } from './sweep.ts'

test('a look at fewer runs follows one that took long, down to eight, and one at more follows when it takes little', () => {
  expect(runsPerSweep(250, 401)).toBe(125)
  expect(runsPerSweep(9, 5_000)).toBe(8)
  expect(runsPerSweep(125, 400)).toBe(125)
  expect(runsPerSweep(125, 100)).toBe(125)
  expect(runsPerSweep(125, 99)).toBe(250)
  expect(runsPerSweep(200, 1)).toBe(250)
})
