import { expect, it } from 'vitest'
import { amountText } from './amount-text.ts'

it('an amount keeps every digit, in groups of three', () => {
  expect(amountText({ amount: '129.9', currency: 'EUR' })).toBe('129.90 EUR')
  expect(amountText({ amount: '999999999999.99', currency: 'USD' })).toBe('999,999,999,999.99 USD')
  expect(amountText({ amount: '7', currency: 'JPY' })).toBe('7.00 JPY')
})
