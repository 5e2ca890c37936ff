import type { Json } from './json-value.ts'

/**
 * The one JSON text of a value: keys sorted by UTF-16 code units, no white space, numbers and strings as
 * `JSON.stringify` writes them (the ideas of RFC 8785). Equal values give equal texts, whatever the order of their
 * keys, so a hash of the text identifies the value. Recursive: check the depth of foreign values first (input.ts).
 */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.keys(value)
    .toSorted()
    .filter((key) => value[key] !== undefined)
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`)
  return `{${members.join(',')}}`
}
