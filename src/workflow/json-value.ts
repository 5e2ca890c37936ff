/** Any JSON value. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/** The first thing about a value that JSON, Postgres or a limit does not allow. */
export interface JsonFault {
  /** Keys and indexes from the value to the place. */
  path: (string | number)[]
  message: string
  /** True for nesting beyond the limit; false for a value that no database column of ours could hold. */
  tooDeep: boolean
}

interface Visit {
  value: unknown
  depth: number
  key: string | number
  parent: Visit | null
}

/** jsonb stores no NUL, and no half of a UTF-16 pair (which JSON text could only carry as an escape). */
const HALF_OF_A_PAIR = /\p{Surrogate}/u

/**
 * Finds what keeps a value from being stored as jsonb and read back the same: `undefined`, functions, class instances,
 * numbers that are not finite, NUL characters and broken surrogate pairs (in keys too), and nesting deeper than
 * `maxDepth` (a scalar has depth 0, `[]` has 1). Null when there is nothing. Walks without recursion, so the deepest
 * value cannot exhaust the stack, and allocates nothing for scalars.
 */
export function findJsonFault(value: unknown, maxDepth: number): JsonFault | null {
  const open: Visit[] = []
  const root = faultOf(value)
  if (root !== null) return { path: [], message: root, tooDeep: false }
  if (typeof value === 'object' && value !== null) open.push({ value, depth: 1, key: '', parent: null })
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    if (visit.depth > maxDepth) {
      return { path: pathOf(visit), message: `nests deeper than ${maxDepth} levels`, tooDeep: true }
    }
    const container = visit.value as Record<string, unknown> | unknown[]
    const keys = Array.isArray(container) ? container.keys() : Object.keys(container)
    for (const key of keys) {
      const item = (container as Record<string | number, unknown>)[key]
      const message = (typeof key === 'string' ? faultOfText(key, 'a key') : null) ?? faultOf(item)
      if (message !== null) return { path: [...pathOf(visit), key], message, tooDeep: false }
      if (typeof item === 'object' && item !== null) {
        open.push({ value: item, depth: visit.depth + 1, key, parent: visit })
      }
    }
  }
  return null
}

/** Whether the value is JSON that jsonb can hold, at any depth. */
export function isJson(value: unknown): value is Json {
  return findJsonFault(value, Number.POSITIVE_INFINITY) === null
}

function pathOf(visit: Visit): (string | number)[] {
  const path: (string | number)[] = []
  for (let at: Visit | null = visit; at !== null && at.parent !== null; at = at.parent) path.unshift(at.key)
  return path
}

function faultOf(value: unknown): string | null {
  switch (typeof value) {
    case 'string':
      return faultOfText(value, 'a text')
    case 'number':
      return Number.isFinite(value) ? null : `${value} is not a JSON number`
    case 'boolean':
      return null
    case 'object':
      return value === null || Array.isArray(value) || isPlain(value)
        ? null
        : `an instance of ${value.constructor.name} is not a JSON value`
    default:
      return `${typeof value} is not a JSON value`
  }
}

function faultOfText(text: string, what: string): string | null {
  if (text.includes('\u0000')) return `${what} holds the character \\u0000, which cannot be stored`
  if (HALF_OF_A_PAIR.test(text)) return `${what} holds half of a UTF-16 pair, which cannot be stored`
  return null
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
