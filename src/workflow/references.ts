import type { Scope } from './expressions.ts'
import type { Json } from './json-value.ts'
import { didYouMean } from './nearest.ts'
import { quoted, shortened } from './quote.ts'

/**
 * References: `$input.customer.id`, `$charge.items[0]["unit price"]?`. One grammar, one way of following a path:
 *
 *     reference = "$" root { "." name | "[" digits "]" | "[" JSON string "]" } [ "?" ]
 *     root      = "input" | "context" | "order" | "item" | "index" | step id
 *     name      = letters (of any script), digits, "_" and "-"
 *
 * A name of digits indexes an array as `[digits]` does.
 */

const REFERENCE_KINDS = ['input', 'context', 'order', 'item', 'index'] as const
type DataKind = (typeof REFERENCE_KINDS)[number]

/** A parsed reference. The five words always mean the data of that name, also where a step has such an id. */
export interface Reference {
  text: string
  kind: DataKind | 'step'
  /** The step's id; null for other kinds. */
  stepId: string | null
  path: readonly string[]
  /** Written with `?`: null instead of an error where the path leads nowhere. */
  optional: boolean
}

/** A binding that has no value for the data it met: its message names the path and what was there. */
export class BindingError extends Error {
  override readonly name = 'BindingError'
}

const ROOT = /^\$([A-Za-z_][A-Za-z0-9_-]*)/
const SEGMENT = /^(?:\.([\p{L}\p{N}_-]+)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\])/u

/** Parses a text that begins with `$`; a text is returned that says why it is no reference. */
export function parseReference(text: string): Reference | string {
  const root = ROOT.exec(text)?.[1]
  if (root === undefined) {
    return `${quoted(text)} begins with $ but is no reference; write $$ for a literal $`
  }
  const path: string[] = []
  let rest = text.slice(root.length + 1)
  for (let match = SEGMENT.exec(rest); match !== null; match = SEGMENT.exec(rest)) {
    const segment = segmentOf(match)
    if (segment === null) return `${match[0]} in ${quoted(text)} is no JSON string`
    path.push(segment)
    rest = rest.slice(match[0].length)
  }
  if (rest !== '' && rest !== '?') {
    const remedy = 'a path is .name, [0] or ["any key"], with ? at its end where the value may be missing'
    return `${quoted(text)} is no reference at ${quoted(rest)}: ${remedy}; write $$ for a literal $`
  }
  const isData = (REFERENCE_KINDS as readonly string[]).includes(root)
  const kind = isData ? (root as DataKind) : 'step'
  return { text, kind, stepId: isData ? null : root, path, optional: rest === '?' }
}

function segmentOf(match: RegExpExecArray): string | null {
  const [, name, index, text] = match
  if (text === undefined) return name ?? index ?? ''
  try {
    return JSON.parse(text) as string
  } catch {
    return null
  }
}

/**
 * The value that a reference leads to. Throws {@link BindingError} where the path leads nowhere (unless the reference is
 * optional: then null), and always where a step or a variable is not there at all.
 */
export function resolveReference(reference: Reference, scope: Scope): Json {
  let value = rootOf(reference, scope)
  for (const [depth, key] of reference.path.entries()) {
    const next = member(value, key)
    if (next === undefined) {
      if (reference.optional) return null
      throw new BindingError(`${reference.text}: ${missing(reference, depth, value)}`)
    }
    value = next
  }
  return value
}

function rootOf(reference: Reference, scope: Scope): Json {
  if (reference.stepId !== null) return outputOf(reference, reference.stepId, scope)
  const value = reference.kind === 'step' ? undefined : scope[reference.kind]
  if (value === undefined) throw new BindingError(`${reference.text}: $${reference.kind} exists only inside map`)
  return value
}

/** A step that did not complete has no output: a missing path as any other. */
function outputOf(reference: Reference, id: string, scope: Scope): Json {
  const view = scope.steps(id)
  if (view === undefined) throw new BindingError(`${reference.text}: step ${id} is not upstream`)
  if (view.status === 'completed' || reference.optional) return view.output
  const remedy = `write ${reference.text}? where that may be`
  throw new BindingError(`${reference.text}: step ${id} has no output: it is ${view.status}; ${remedy}`)
}

function member(value: Json, key: string): Json | undefined {
  if (Array.isArray(value)) return /^\d+$/.test(key) ? value[Number(key)] : undefined
  if (typeof value !== 'object' || value === null) return undefined
  return Object.hasOwn(value, key) ? value[key] : undefined
}

/** `no "total" in the output of step validate, which has: amount, currency`. */
function missing(reference: Reference, depth: number, value: Json): string {
  const key = reference.path[depth] ?? ''
  const holder = reference.path.slice(0, depth).map(segmentText).join('')
  const root = reference.stepId === null ? `$${reference.kind}` : `the output of step ${reference.stepId}`
  const place = holder === '' ? root : `${holder.replace(/^\./, '')} of ${root}`
  if (value === null && depth === 0 && reference.kind === 'order') return 'no order is attached to the run'
  return `no ${JSON.stringify(key)} in ${place}, ${whatIsThere(value, key)}`
}

function whatIsThere(value: Json, key: string): string {
  if (Array.isArray(value))
    return value.length === 0 ? 'which is an empty array' : `which is an array of ${value.length}`
  if (typeof value !== 'object' || value === null) return `which is ${shortened(JSON.stringify(value))}`
  const keys = Object.keys(value)
  return keys.length === 0 ? 'which is empty' : `which has: ${shortened(keys.join(', '))}${didYouMean(key, keys)}`
}

function segmentText(segment: string): string {
  if (/^\d+$/.test(segment)) return `[${segment}]`
  return /^[\p{L}\p{N}_-]+$/u.test(segment) ? `.${segment}` : `[${JSON.stringify(segment)}]`
}
