/**
 * Whether a number is a whole multiple of another, above 0, as the two are written in decimals: 0.07 is one of 0.01, although the
 * quotient of the two in binary is not whole. Exact at any size.
 */
export function isMultipleOf(value: number, divisor: number): boolean {
  if (Number.isSafeInteger(value) && Number.isSafeInteger(divisor)) return value % divisor === 0
  const [left, right] = [decimalOf(value), decimalOf(divisor)]
  const exponent = Math.min(left.exponent, right.exponent)
  return scaled(left, exponent) % scaled(right, exponent) === 0n
}

/** `digits` times ten to the `exponent`. */
interface Decimal {
  digits: bigint
  exponent: number
}

/** The shortest decimal that is read as the number: what JSON writes. */
function decimalOf(value: number): Decimal {
  const [mantissa = '0', exponent = '0'] = String(value).split('e')
  const [whole = '0', fraction = ''] = mantissa.split('.')
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length }
}

function scaled({ digits, exponent }: Decimal, to: number): bigint {
  return digits * 10n ** BigInt(exponent - to)
}
