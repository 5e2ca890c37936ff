import { expect, it } from 'vitest'
import { checkInTime, TookTooLong, withinTime } from './time-limit.ts'

const backtrack = () => /^(a+)+$/u.test(`${'a'.repeat(50)}!`)

it('a regular expression that backtracks is stopped, and what comes next is not', () => {
  expect(() => withinTime(50, backtrack)).toThrow(TookTooLong)
  expect(withinTime(50, () => 'next')).toBe('next')
})

it('what work throws is thrown, and what it returns is returned, undefined too', () => {
  const error = new Error('of the work')
  const failing = () => {
    throw error
  }
  expect(() => withinTime(50, failing)).toThrow(error)
  expect(withinTime(50, () => undefined)).toBeUndefined()
})

it('work that did not get the CPU is not taken for long', () => {
  let calls = 0
  const starved = () => {
    calls += 1
    if (calls === 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400)
    return 'done'
  }
  expect(withinTime(200, starved)).toBe('done')
  expect(calls).toBe(2)
})

it('a check by a pattern is limited', () => {
  expect(() => checkInTime({ type: 'string', pattern: '^(a+)+$' }, backtrack)).toThrow(TookTooLong)
})
