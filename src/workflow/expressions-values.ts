import { celList, celMap, isCelList, isCelMap, isCelType, isCelUint } from '@bufbuild/cel'
import type { CelInput, CelList, CelMap, CelUint, CelValue } from '@bufbuild/cel'
import type { Json } from './json-value.ts'

/**
 * JSON to CEL and back. A JSON number is a CEL double, as the CEL specification says, so that the meaning of
 * `input.amount / 4` does not hang on whether the amount happens to be whole; expressions-functions.ts lets doubles and
 * ints meet in arithmetic.
 */

/** What a value weighs: about the work of looking at all of it. A text weighs one per 32 characters. */
export type Weight = number

const CHARACTERS_A_UNIT = 32
const weights = new WeakMap<object, Weight>()
const converted = new WeakMap<object, CelValue>()

/** A JSON value as CEL sees it. Objects and arrays are converted once: the same object gives the same CEL value. */
export function celOf(value: Json): CelValue {
  if (typeof value !== 'object' || value === null) return value
  const known = converted.get(value)
  if (known !== undefined) return known
  const cel = Array.isArray(value) ? celList(value.map(celOf)) : celMapOf(new Map(entriesOf(value)))
  converted.set(value, cel)
  return cel
}

function entriesOf(value: { [key: string]: Json }): [string, CelValue][] {
  return Object.entries(value).map(([key, item]) => [key, celOf(item)])
}

/** A CEL map with text keys; unlike the library's own it says of a key whose value is null that it is there. */
export function celMapOf(entries: ReadonlyMap<string, CelValue>): CelMap {
  return Object.assign(celMap(entries as ReadonlyMap<string, CelInput>), {
    has: (key: bigint | string | boolean | CelUint | number) => typeof key === 'string' && entries.has(key),
  })
}

/** How much of the budget looking at the whole value costs. Known weights are remembered. */
export function weightOf(value: CelValue): Weight {
  if (typeof value === 'string') return 1 + Math.floor(value.length / CHARACTERS_A_UNIT)
  if (value instanceof Uint8Array) return 1 + Math.floor(value.length / CHARACTERS_A_UNIT)
  const isList = isCelList(value)
  if (!isList && !isCelMap(value)) return 1
  const known = weights.get(value)
  if (known !== undefined) return known
  let weight: Weight = 1
  if (isList) for (const item of value) weight += weightOf(item)
  else for (const [key, item] of value) weight += weightOf(key) + weightOf(item)
  weights.set(value, weight)
  return weight
}

/** What cannot be told in JSON: NaN and infinities. */
class NotJson extends Error {
  override readonly name = 'NotJson'
}

/**
 * A CEL value as JSON: ints become numbers (texts where a double could not hold them), bytes base64, timestamps and
 * durations their CEL texts (by `textOf`), types their names, keys texts. Throws {@link NotJson} for NaN and infinity.
 */
export function jsonOf(value: CelValue, textOf: (value: CelValue) => string): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      if (!Number.isFinite(value)) throw new NotJson(`the result is ${value}, which is not a JSON number`)
      return value
    case 'bigint':
      return jsonOfInt(value)
    default:
      return value === null ? null : jsonOfObject(value, textOf)
  }
}

function jsonOfInt(value: bigint): Json {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value.toString()
}

function jsonOfObject(value: CelValue & object, textOf: (value: CelValue) => string): Json {
  if (isCelList(value)) return Array.from(value, (item) => jsonOf(item, textOf))
  if (isCelMap(value)) {
    const entries = Array.from(
      value,
      ([key, item]) => [isCelUint(key) ? String(key.value) : String(key), item] as const,
    )
    return Object.fromEntries(entries.map(([key, item]) => [key, jsonOf(item, textOf)]))
  }
  if (isCelUint(value)) return jsonOfInt(value.value)
  if (value instanceof Uint8Array) return btoa(Array.from(value, (byte) => String.fromCharCode(byte)).join(''))
  if (isCelType(value)) return value.name
  return textOf(value)
}

/** A list that grows in place: the accumulator of a comprehension, which nothing else can see while it grows. */
export class GrowingList {
  readonly #items: CelValue[] = []
  readonly list: CelList = celList(this.#items)

  append(item: CelValue): void {
    this.#items.push(item)
  }
}
