import { ExpressionError, parseExpression, type Expression, type ExpressionProblem, type Scope } from './expressions.ts'
import type { Json } from './json-value.ts'
import { pointer } from './problems.ts'
import { quoted } from './quote.ts'
import { BindingError, parseReference, resolveReference, type Reference } from './references.ts'
import { splitTemplate } from './templates.ts'

/**
 * Bindings (docs/workflow-format.md): any JSON value, in which at any depth
 *
 * - a text that begins with `$` is a reference (references.ts), `$$text` the literal text `$text`;
 * - `${{ CEL }}` as a whole text is the value of the expression, with its type;
 * - `${{ CEL }}` within a text is replaced by the value: texts as they are, anything else as JSON.
 *
 * A text that begins with `$$` is literal to its end. Keys of objects are always literal.
 */

/** One place of a binding that refers to something. */
export type BindingReference =
  | { kind: 'reference'; pointer: string; reference: Reference }
  | { kind: 'expression'; pointer: string; expression: Expression }

/** One thing wrong with a binding; `pointer` leads from the binding to the text. */
export interface BindingFault {
  code: 'invalid_binding' | ExpressionProblem['code']
  pointer: string
  message: string
}

/** A binding, taken apart once. */
export interface CompiledBinding {
  references: readonly BindingReference[]
  faults: readonly BindingFault[]
  /** The value for the data in scope. Throws {@link BindingError}. Literal parts are shared, not copied. */
  resolve: (scope: Scope) => Json
}

const compiled = new WeakMap<object, CompiledBinding>()

/** Takes a binding apart. Never throws. Objects and arrays are remembered by identity: do not change them afterwards. */
export function compileBinding(value: Json): CompiledBinding {
  if (typeof value !== 'object' || value === null) return compileAnew(value)
  const known = compiled.get(value)
  if (known !== undefined) return known
  const fresh = compileAnew(value)
  compiled.set(value, fresh)
  return fresh
}

/** What a binding refers to, in document order; malformed texts are left out (they are faults). */
export function bindingReferences(value: Json): readonly BindingReference[] {
  return compileBinding(value).references
}

/**
 * The value of a binding for the data in scope. Throws {@link BindingError}, whose message names the path and what was
 * there instead, also for a malformed binding (which validation finds first).
 */
export function resolveBinding(value: Json, scope: Scope): Json {
  return compileBinding(value).resolve(scope)
}

/** The binding that resolves to exactly this value, whatever it is: `resolveBinding(escapeBinding(v), scope)` is `v`. */
export function escapeBinding(value: Json): Json {
  if (typeof value === 'string') {
    return value.startsWith('$') ? `$${value}` : value.replaceAll('${{', "${{ '${{' }}")
  }
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(escapeBinding)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, escapeBinding(item)]))
}

/** Whether the value refers to nothing: it is the same for any data (though `$$` may still stand for `$`). */
export function isLiteral(value: Json): boolean {
  const { references, faults } = compileBinding(value)
  return references.length === 0 && faults.length === 0
}

type Resolve = (scope: Scope) => Json

interface Found {
  references: BindingReference[]
  faults: BindingFault[]
}

function compileAnew(value: Json): CompiledBinding {
  const found: Found = { references: [], faults: [] }
  const resolve = compileValue(value, [], found)
  return { ...found, resolve: resolve ?? (() => value) }
}

/** How to resolve a value; null where it stands for itself. */
function compileValue(value: Json, path: (string | number)[], found: Found): Resolve | null {
  if (typeof value === 'string') return compileText(value, path, found)
  if (typeof value !== 'object' || value === null) return null
  if (Array.isArray(value)) {
    const items = value.map((item, index) => compileValue(item, [...path, index], found))
    if (items.every((item) => item === null)) return null
    return (scope) => items.map((resolve, index) => (resolve === null ? (value[index] ?? null) : resolve(scope)))
  }
  const entries = Object.entries(value).map(
    ([key, item]) => [key, item, compileValue(item, [...path, key], found)] as const,
  )
  if (entries.every(([, , resolve]) => resolve === null)) return null
  return (scope) =>
    Object.fromEntries(entries.map(([key, item, resolve]) => [key, resolve === null ? item : resolve(scope)]))
}

function compileText(text: string, path: (string | number)[], found: Found): Resolve | null {
  if (text.startsWith('$$')) return () => text.slice(1)
  if (text.startsWith('$') && !text.startsWith('${{')) return compileReference(text, path, found)
  return text.includes('${{') ? compileTemplate(text, path, found) : null
}

function compileReference(text: string, path: (string | number)[], found: Found): Resolve {
  const reference = parseReference(text)
  if (typeof reference === 'string') return fault(found, path, 'invalid_binding', reference)
  found.references.push({ kind: 'reference', pointer: pointer(...path), reference })
  return (scope) => resolveReference(reference, scope)
}

function compileTemplate(text: string, path: (string | number)[], found: Found): Resolve {
  const parts = splitTemplate(text)
  if (parts === null) {
    return fault(found, path, 'invalid_binding', `${quoted(text)} has a \${{ without its }}`)
  }
  const resolves = parts.map((part) => {
    if (part.kind === 'text') return () => part.text
    return compileExpression(part.text, path, found)
  })
  const [only] = resolves
  if (only !== undefined && resolves.length === 1 && parts[0]?.kind === 'expression') return only
  return (scope) => resolves.map((resolve) => inText(resolve(scope))).join('')
}

function inText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function compileExpression(text: string, path: (string | number)[], found: Found): Resolve {
  const parsed = parseExpression(text)
  if (!parsed.ok) {
    const [first = { code: 'invalid_expression' as const, message: 'is no expression' }, ...others] = parsed.problems
    for (const other of others) fault(found, path, other.code, `\${{ ${text} }} ${other.message}`)
    return fault(found, path, first.code, `\${{ ${text} }} ${first.message}`)
  }
  const { expression } = parsed
  found.references.push({ kind: 'expression', pointer: pointer(...path), expression })
  return (scope) => {
    try {
      return expression.evaluate(scope)
    } catch (thrown) {
      if (!(thrown instanceof ExpressionError)) throw thrown
      throw new BindingError(thrown.message, { cause: thrown })
    }
  }
}

function fault(found: Found, path: (string | number)[], code: BindingFault['code'], message: string): Resolve {
  found.faults.push({ code, pointer: pointer(...path), message })
  return () => {
    throw new BindingError(message)
  }
}
