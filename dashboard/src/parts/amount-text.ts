import type { Order } from '../api/shapes.ts'

/** An amount with its currency: `1,299.90 EUR`. The digits are those of the API: no number is made of them. */
export function amountText({ amount, currency }: Pick<Order, 'amount' | 'currency'>): string {
  const [whole = '0', cents = ''] = amount.split('.')
  return `${whole.replace(/\B(?=(\d{3})+$)/g, ',')}.${cents.padEnd(2, '0')} ${currency}`
}
