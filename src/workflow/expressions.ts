import { isCelError, isCelList, isCelMap, plan, unparse } from '@bufbuild/cel'
import type { CelInput, CelValue } from '@bufbuild/cel'
import { LRUCache } from 'lru-cache'
import { environment, withBudget } from './expressions-functions.ts'
import { examine, type Expr, type Syntax } from './expressions-syntax.ts'
import { celMapOf, celOf, jsonOf, weightOf } from './expressions-values.ts'
import type { Json } from './json-value.ts'
import { LIMITS } from './limits.ts'
import { quoted, shortened } from './quote.ts'
import type { StepStatus } from './states.ts'

/**
 * CEL expressions (docs/workflow-format.md): parsed and examined once, evaluated often. They see `input`, `context`,
 * `order` and `steps.ID.output / .status / .error`; inside `map` also `item` and `index`. They have no side effects and
 * no clock, and the work that one evaluation may do is bounded (`LIMITS.expressionWork`; expressions-functions.ts says
 * how it is counted).
 */

/** What a step looks like to expressions and bindings. */
export interface StepView {
  /** Null until the step has completed, and where it did not. */
  output: Json
  status: StepStatus
  error: Json
}

/** The data that expressions and bindings of one step see. */
export interface Scope {
  input: Json
  context: Json
  /** The order attached to the run, or null. */
  order: Json
  /** Settled steps upstream; undefined for any other. */
  steps: (id: string) => StepView | undefined
  /** Inside `map`: the item and its place. */
  item?: Json
  index?: number
  /** Inside `config.match` of a `wait_event` step: the event, `{name, data}`. */
  event?: Json
}

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
  /** Every value that it can have, where that can be told without data (`a > b` can be true or false); else null. */
  outcomes: readonly Json[] | null
  /** Its value as JSON. Throws {@link ExpressionError}. */
  evaluate: (scope: Scope) => Json
}

/** An expression that has no value for the data it met: its message names the expression and what was missing. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError'
}

export type ParsedExpression = { ok: true; expression: Expression } | { ok: false; problems: ExpressionProblem[] }

/** Parsing takes about 0.1 ms; the expressions of a busy service's workflows fit in here. */
const parsed = new LRUCache<string, ParsedExpression>({ max: 5_000 })

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
  const message = (thrown as { rawMessage?: unknown }).rawMessage ?? thrown.message
  return { message: `${String(message).replace(/ but expecting (?=.*,).*$/s, '')}${at(text, offset)}`, offset }
}

/** ` at 7, before "&& b"`, for the end of a message. */
function at(text: string, offset: number): string {
  if (offset >= text.length) return ' at its end'
  return ` at ${offset + 1}, before ${quoted(text.slice(offset, offset + 20))}`
}

function finish(text: string, syntax: Syntax): ParsedExpression {
  const evaluate = evaluatorOf(text, syntax)
  const expression: Expression = {
    text,
    variables: new Set(syntax.variables.keys()),
    referencedSteps: [...syntax.steps.keys()],
    outcomes: syntax.outcomes,
    evaluate: (scope) => evaluate(scope, LIMITS.expressionWork),
  }
  if (expression.variables.size > 0 || expression.referencedSteps.length > 0) return { ok: true, expression }
  return foldConstant(expression, evaluate)
}

const NOTHING: Scope = { input: null, context: null, order: null, steps: () => undefined }
/** A constant that takes more work than this is not computed beforehand. */
const FOLDING_WORK = 1_000

/** An expression of constants is evaluated at once: one that fails, fails always. */
function foldConstant(expression: Expression, evaluate: Evaluate): ParsedExpression {
  try {
    return { ok: true, expression: { ...expression, outcomes: [evaluate(NOTHING, FOLDING_WORK)] } }
  } catch (thrown) {
    if (thrown instanceof WorkExceeded) return { ok: true, expression }
    return invalid({ message: `always fails: ${thrown instanceof Error ? thrown.message : String(thrown)}`, offset: 0 })
  }
}

/** The expression did more work than allowed. */
class WorkExceeded extends ExpressionError {}

type Evaluate = (scope: Scope, work: number) => Json

function evaluatorOf(text: string, syntax: Syntax): Evaluate {
  let run: ReturnType<typeof plan> | null = null
  return (scope, work) => {
    run ??= plan(environment, syntax.expr)
    const evaluate = run
    const variables = bind(text, syntax, scope)
    return withBudget(work, (budget) => {
      const result = evaluate(variables)
      if (budget.isExceeded()) throw new WorkExceeded(`${quoted(text)} does more work than is allowed`)
      if (isCelError(result)) throw new ExpressionError(`${quoted(text)}: ${explain(result, syntax, variables)}`)
      try {
        budget.charge(weightOf(result))
        return jsonOf(result, celText)
      } catch (thrown) {
        if (budget.isExceeded()) throw new WorkExceeded(`the result of ${quoted(text)} is too large`)
        throw new ExpressionError(`${quoted(text)}: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
      }
    })
  }
}

type Variables = Record<string, CelInput>

/** Only what the expression names is converted. */
function bind(text: string, syntax: Syntax, scope: Scope): Variables {
  const variables = Object.create(null) as Variables
  for (const name of syntax.variables.keys()) {
    const value = scope[name as 'input' | 'context' | 'order' | 'item' | 'index' | 'event']
    if (value === undefined) throw new ExpressionError(`${quoted(text)}: there is no ${name} here`)
    variables[name] = celOf(value)
  }
  if (syntax.steps.size === 0) return variables
  const steps = new Map<string, CelValue>()
  for (const id of syntax.steps.keys()) {
    const view = scope.steps(id)
    if (view === undefined) throw new ExpressionError(`${quoted(text)}: step ${id} is not upstream`)
    const members = new Map([
      ['output', celOf(view.output)],
      ['status', view.status],
      ['error', celOf(view.error)],
    ])
    steps.set(id, celMapOf(members))
  }
  variables['steps'] = celMapOf(steps)
  return variables
}

function celText(value: CelValue): string {
  const text = environment.funcs.find('string')?.call(0, undefined, [value])
  return typeof text === 'string' ? text : String(text)
}

/** The library's message; for a missing field also where it is missing, and what is there instead. */
function explain(error: Error & { exprId: bigint | undefined }, syntax: Syntax, variables: Variables): string {
  const missing = /^field not found: (.*)$/s.exec(error.message)?.[1]
  if (missing === undefined) return error.message.replace(/ \[0, -1\)$/, '')
  const holder = holderOf(syntax.expr, error.exprId)
  if (holder === null) return `there is no field ${quoted(missing)}`
  const value = plan(environment, holder)(variables)
  return `there is no ${quoted(missing)} in ${textOfExpr(holder)}${describe(value)}`
}

function describe(value: unknown): string {
  if (isCelError(value)) return ''
  if (value === null) return ', which is null'
  if (isCelList(value)) return `, which is a list of ${value.size}`
  if (isCelMap(value)) {
    const keys = Array.from(value.keys(), String)
    return keys.length === 0 ? ', which is empty' : `, which has: ${shortened(keys.join(', '))}`
  }
  return ', which is no object'
}

function textOfExpr(expr: Expr): string {
  try {
    return unparse(expr)
  } catch {
    return 'it'
  }
}

/** The expression whose field was looked for: the operand of the select, or the left side of the index. */
function holderOf(expr: Expr | undefined, id: bigint | undefined): Expr | null {
  if (expr === undefined || id === undefined) return null
  const kind = expr.exprKind
  if (kind.case === 'selectExpr') {
    const operand = kind.value.operand ?? null
    return expr.id === BigInt(id) ? operand : holderOf(operand ?? undefined, id)
  }
  if (kind.case !== 'callExpr') return null
  const [left] = kind.value.args
  if (kind.value.function === '_[_]' && left?.id === BigInt(id)) return left
  for (const part of [kind.value.target, ...kind.value.args]) {
    const found = holderOf(part, id)
    if (found !== null) return found
  }
  return null
}
