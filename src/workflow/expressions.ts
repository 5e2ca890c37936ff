import { LRUCache } from 'lru-cache'
import { evaluate, ExpressionError, WorkExceeded } from './expressions-evaluate.ts'
import { examine, type MemberPath, type Syntax } from './expressions-syntax.ts'
import type { Json } from './json-value.ts'
import { LIMITS } from './limits.ts'
import { quoted, shortened } from './quote.ts'
import type { Scope } from './scope.ts'

export { ExpressionError } from './expressions-evaluate.ts'
export type { MemberPath } from './expressions-syntax.ts'
export type { Scope } from './scope.ts'

/**
 * CEL expressions (docs/workflow-format.md): parsed and examined once, evaluated often. They see `input`, `context`,
 * `order` and `steps.ID.output / .status / .error`; inside `map` also `item` and `index`. They have no side effects and
 * no clock, and the work that one evaluation may do is bounded (`LIMITS.expressionWork`; expressions-functions.ts says
 * how it is counted).
 */

/** Why a text is not a usable expression; `offset` counts UTF-16 units from its start. */
export interface ExpressionProblem {
  code: 'invalid_expression' | 'limit_exceeded'
  message: string
  offset: number
}

/** A parsed expression; keep it, evaluate it as often as needed. */
export interface Expression {
  text: string
  /** Free variables among `input`, `context`, `order`, `item`, `index`, `event`. */
  variables: ReadonlySet<string>
  /** Ids of the steps that it names. */
  referencedSteps: readonly string[]
  /** Chains of members of the input and of steps' outputs that it reads, but for those that `has` tests. */
  memberPaths: readonly MemberPath[]
  /** Every value that it can have, where that can be told without data (`a > b` can be true or false); else null. */
  outcomes: readonly Json[] | null
  /** Its value as JSON. Throws {@link ExpressionError}. */
  evaluate: (scope: Scope) => Json
}

export type ParsedExpression = { ok: true; expression: Expression } | { ok: false; problems: ExpressionProblem[] }

/** Parsing takes about 0.1 ms. Twice the steps of the largest workflow fit in here; syntax trees are not kept. */
const parsed = new LRUCache<string, ParsedExpression>({ max: 2 * LIMITS.steps })

/** Parses an expression, or tells all that is wrong with it. The same text gives the same object. Never throws. */
export function parseExpression(text: string): ParsedExpression {
  const known = parsed.get(text)
  if (known !== undefined) return known
  const fresh = parseAnew(text)
  parsed.set(text, fresh)
  return fresh
}

/** Evaluates the text of an expression. Throws {@link ExpressionError}, also where it does not parse. */
export function evaluateExpression(text: string, scope: Scope): Json {
  const result = parseExpression(text)
  if (result.ok) return result.expression.evaluate(scope)
  throw new ExpressionError(`${quoted(text)}: ${result.problems.map((problem) => problem.message).join('; ')}`)
}

/** Evaluates a condition (`when`). Throws {@link ExpressionError}, also where the value is neither true nor false. */
export function evaluateCondition(text: string, scope: Scope): boolean {
  const value = evaluateExpression(text, scope)
  if (typeof value === 'boolean') return value
  throw new ExpressionError(`${quoted(text)} is ${shortened(JSON.stringify(value))}, where true or false is needed`)
}

function parseAnew(text: string): ParsedExpression {
  if (text.length > LIMITS.expressionLength) {
    const message = `has ${text.length} characters, more than the ${LIMITS.expressionLength} allowed`
    return { ok: false, problems: [{ code: 'limit_exceeded', message, offset: LIMITS.expressionLength }] }
  }
  try {
    const syntax = examine(text)
    if (syntax.faults.length === 0) return finish(text, syntax)
    return invalid(
      ...syntax.faults.map((fault) => ({ ...fault, message: `${fault.message}${at(text, fault.offset)}` })),
    )
  } catch (thrown) {
    return invalid(parserFault(text, thrown))
  }
}

function invalid(...faults: { message: string; offset: number }[]): ParsedExpression {
  return { ok: false, problems: faults.map((fault) => ({ code: 'invalid_expression', ...fault })) }
}

/** What the parser says, shortened: it lists everything that could have stood there. */
function parserFault(text: string, thrown: unknown): { message: string; offset: number } {
  if (thrown instanceof RangeError) return { message: 'nests too deeply', offset: 0 }
  if (!(thrown instanceof Error)) return { message: String(thrown), offset: 0 }
  const offset = (thrown as { location?: { start?: { offset?: number } } }).location?.start?.offset ?? 0
  if (/^\W*$/.test(text.slice(offset))) return { message: `is not complete${at(text, offset)}`, offset }
  const message = (thrown as { rawMessage?: string }).rawMessage ?? thrown.message
  return { message: `${message.replace(/ but expecting (?=.*,).*$/s, '')}${at(text, offset)}`, offset }
}

/** ` at 7, before "&& b"`, for the end of a message. */
function at(text: string, offset: number): string {
  if (offset >= text.length) return ' at its end'
  return ` at ${offset + 1}, before ${quoted(text.slice(offset, offset + 20))}`
}

/** Folds constants; else only what is known without data is kept. */
function finish(text: string, syntax: Syntax): ParsedExpression {
  const expression: Expression = {
    text,
    variables: new Set(syntax.variables.keys()),
    referencedSteps: [...syntax.steps.keys()],
    memberPaths: syntax.memberPaths,
    outcomes: syntax.outcomes,
    evaluate: (scope) => evaluate(text, scope, LIMITS.expressionWork),
  }
  if (expression.variables.size > 0 || expression.referencedSteps.length > 0) return { ok: true, expression }
  return foldConstant(expression)
}

const NOTHING: Scope = { input: null, context: null, order: null, steps: () => undefined }
/** A constant that takes more work than this is not computed beforehand. */
const FOLDING_WORK = 1_000

/** An expression of constants is evaluated at once: one that fails, fails always. */
function foldConstant(expression: Expression): ParsedExpression {
  try {
    return { ok: true, expression: { ...expression, outcomes: [evaluate(expression.text, NOTHING, FOLDING_WORK)] } }
  } catch (thrown) {
    if (thrown instanceof WorkExceeded) return { ok: true, expression }
    return invalid({ message: `always fails: ${thrown instanceof Error ? thrown.message : String(thrown)}`, offset: 0 })
  }
}
