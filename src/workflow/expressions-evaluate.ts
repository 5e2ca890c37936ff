import { isCelError, isCelList, isCelMap, plan, unparse } from '@bufbuild/cel'
import type { CelError, CelInput, CelValue } from '@bufbuild/cel'
import { LRUCache } from 'lru-cache'
import { environment, withBudget } from './expressions-functions.ts'
import { examine, type Expr, type Syntax } from './expressions-syntax.ts'
import { celMapOf, celOf, jsonOf, weightOf } from './expressions-values.ts'
import type { Json } from './json-value.ts'
import { quoted, shortened } from './quote.ts'
import type { Scope } from './scope.ts'

/** Evaluation of an expression that parses, and the explanation of its failures. */

/** An expression that has no value for the data it met: its message names the expression and what was missing. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError'
}

/** The expression did more work than allowed. */
export class WorkExceeded extends ExpressionError {}

interface Plan {
  syntax: Syntax
  run: (variables: Variables) => CelValue | CelError
}

/** Planned expressions: those of the workflows that run here. Parsing and planning anew takes 0.15 ms. */
const plans = new LRUCache<string, Plan>({ max: 2_000 })

function planOf(text: string): Plan {
  const known = plans.get(text)
  if (known !== undefined) return known
  const syntax = examine(text)
  const run = plan(environment, syntax.expr)
  const fresh: Plan = { syntax, run: (variables) => run(variables) }
  plans.set(text, fresh)
  return fresh
}

/**
 * Evaluates an expression that parses, doing at most so much work. Throws {@link ExpressionError}, and its subclass
 * {@link WorkExceeded} for more work or a larger result than allowed.
 */
export function evaluate(text: string, scope: Scope, work: number): Json {
  const { syntax, run } = planOf(text)
  const variables = bind(text, syntax, scope)
  return withBudget(work, (budget) => {
    const result = run(variables)
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
  return typeof text === 'string' ? text : ''
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
    return isSameId(expr.id, id) ? operand : holderOf(operand ?? undefined, id)
  }
  if (kind.case !== 'callExpr') return null
  const [left] = kind.value.args
  if (kind.value.function === '_[_]' && left !== undefined && isSameId(left.id, id)) return left
  for (const part of [kind.value.target, ...kind.value.args]) {
    const found = holderOf(part, id)
    if (found !== null) return found
  }
  return null
}

/** The planner's ids are numbers at run time, whatever the types say. */
function isSameId(id: bigint, planned: bigint | number): boolean {
  return String(id) === String(planned)
}
