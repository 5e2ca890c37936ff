import { describe, expect, it } from 'vitest'
import { didYouMean, misspeltKey, nearest } from './nearest.ts'

describe('nearest', () => {
  it.each([
    ['chrage', 'charge'],
    ['Validate', 'validate'],
    ['ship_orders', 'ship_order'],
    ['payment', null],
    ['x', null],
  ])('%s means %s', (name, meant) => {
    expect(nearest(name, ['validate', 'charge', 'ship_order'])).toBe(meant)
  })

  it('names the nearest of several, the first of equals', () => {
    expect(nearest('chargf', ['charms', 'charge', 'charg'])).toBe('charge')
  })

  it('names any candidate when asked for the nearest at any distance', () => {
    expect(nearest('payment', ['validate', 'charge'], true)).toBe('validate')
    expect(nearest('payment', [], true)).toBeNull()
  })

  it('ends a message with a question or not at all', () => {
    expect(didYouMean('chrage', ['charge'])).toBe('; did you mean "charge"?')
    expect(didYouMean('zebra', ['charge'])).toBe('')
  })
})

describe('misspeltKey, where other keys are allowed', () => {
  const known = ['action', 'duration_seconds', 'fail_probability', 'max_retries']
  it.each([
    ['actoin', 'action'],
    ['Action', 'action'],
    ['max_retry', 'max_retries'],
    ['duration_second', 'duration_seconds'],
    ['action', null],
    ['section', null],
    ['option', null],
    ['currency', null],
    ['retries', null],
  ])('%s is a slip of %s', (key, meant) => {
    expect(misspeltKey(key, known)).toBe(meant)
  })
})
