import { parse } from '@bufbuild/cel'
import { APPEND, faultOfCall, faultOfPattern, functionNames, NEW_LIST, RANGE, TICK } from './expressions-functions.ts'
import type { Json } from './json-value.ts'
import { didYouMean } from './nearest.ts'

/**
 * One walk over the syntax tree of an expression: which variables and steps it names, what it calls wrongly, which
 * values it can have, and the rewriting that makes its comprehensions linear and bounded.
 */

export type Expr = ReturnType<typeof parse>['expr']
type Call = Extract<Expr['exprKind'], { case: 'callExpr' }>['value']
type Comprehension = Extract<Expr['exprKind'], { case: 'comprehensionExpr' }>['value']

/** A fault of the text; `offset` counts UTF-16 units from its start. */
export interface SyntaxFault {
  message: string
  offset: number
}

/** A parsed expression and what the walk found. */
export interface Syntax {
  expr: Expr
  /** Offsets in the text by node id. */
  positions: Readonly<Record<string, number>>
  /** Free variables, each with the offset of its first use. */
  variables: Map<string, number>
  /** Steps named as `steps.ID` or `steps["ID"]`, each with the offset of its first use. */
  steps: Map<string, number>
  /** Chains of members that it reads, but for those that `has` tests. */
  memberPaths: MemberPath[]
  /** Every value that the expression can have, where the syntax tells; else null. */
  outcomes: readonly Json[] | null
  faults: SyntaxFault[]
}

/** `input.a.b`, `steps.ID.output.items[0]`, or a beginning of one. */
export interface MemberPath {
  /** The step whose output it is; null for the input. */
  stepId: string | null
  path: readonly string[]
}

/** Variables that expressions may name; `item` and `index` only inside `map`, `event` only in `config.match`. */
const VARIABLES = ['input', 'context', 'order', 'steps', 'item', 'index', 'event'] as const
/** What a step looks like: the keys of `StepView`. */
const STEP_KEYS = ['output', 'status', 'error'] as const
const TYPE_NAMES = new Set(['int', 'uint', 'double', 'bool', 'string', 'bytes', 'list', 'map', 'null_type', 'type'])
/** Deepest nesting of an expression: the parser overflows the stack at about 500, depending on who calls it. */
const DEEPEST = 100

/** Parses and examines the text of an expression. Throws what the parser throws where the text is no CEL at all. */
export function examine(text: string): Syntax {
  const { expr, sourceInfo } = parse(text)
  const walk = new Walk(sourceInfo?.positions ?? {})
  walk.visit(expr, [], 0)
  return {
    expr,
    positions: walk.positions,
    variables: walk.variables,
    steps: walk.steps,
    memberPaths: walk.memberPaths(),
    outcomes: outcomesOf(expr),
    faults: walk.faults,
  }
}

class Walk {
  readonly positions: Readonly<Record<string, number>>
  readonly variables = new Map<string, number>()
  readonly steps = new Map<string, number>()
  readonly faults: SyntaxFault[] = []
  readonly #read = new Map<string, MemberPath>()
  /** Texts of the chains that `has` tests. */
  readonly #tested = new Set<string>()

  constructor(positions: Readonly<Record<string, number>>) {
    this.positions = positions
  }

  /** What is tested by `has` may be missing, and so may anything below it. */
  memberPaths(): MemberPath[] {
    const isTested = ({ stepId, path }: MemberPath): boolean =>
      path.some((_, index) => this.#tested.has(JSON.stringify([stepId, path.slice(0, index + 1)])))
    return [...this.#read.values()].filter((read) => !isTested(read))
  }

  #note(expr: Expr, bound: readonly string[]): void {
    const chain = chainOf(expr)
    if (chain === null || bound.includes(chain.root)) return
    const [first, second, ...rest] = chain.path
    if (chain.root === 'steps' && second !== undefined && rest.length === 0) this.#checkStepKey(expr, second)
    const isOutput = chain.root === 'steps' && first !== undefined && second === 'output' && rest.length > 0
    if (!isOutput && chain.root !== 'input') return
    const found = isOutput ? { stepId: first, path: rest } : { stepId: null, path: chain.path }
    const text = JSON.stringify([found.stepId, found.path])
    const isTest = expr.exprKind.case === 'selectExpr' && expr.exprKind.value.testOnly
    if (isTest) this.#tested.add(text)
    else this.#read.set(text, found)
  }

  #checkStepKey(expr: Expr, key: string): void {
    if ((STEP_KEYS as readonly string[]).includes(key)) return
    this.#fault(expr, `a step has output, status and error, no ${key}${didYouMean(key, STEP_KEYS)}`)
  }

  /** Visits a node and answers how many nodes are below it, itself included. */
  visit(expr: Expr | undefined, bound: readonly string[], depth: number): number {
    if (expr === undefined) return 0
    if (depth > DEEPEST) {
      this.#fault(expr, `nests deeper than ${DEEPEST} levels`)
      return 1
    }
    const kind = expr.exprKind
    switch (kind.case) {
      case 'identExpr':
        this.#ident(expr, kind.value.name, bound)
        return 1
      case 'selectExpr': {
        this.#note(expr, bound)
        if (this.#step(kind.value.operand, kind.value.field, expr, bound)) return 1
        return 1 + this.visit(kind.value.operand, bound, depth + 1)
      }
      case 'callExpr':
        if (kind.value.function === '_[_]') this.#note(expr, bound)
        return 1 + this.#call(expr, kind.value, bound, depth)
      case 'listExpr':
        return 1 + sum(kind.value.elements.map((element) => this.visit(element, bound, depth + 1)))
      case 'structExpr': {
        if (kind.value.messageName !== '') this.#fault(expr, `there is no message type ${kind.value.messageName}`)
        const parts = kind.value.entries.flatMap((entry) => [mapKeyOf(entry.keyKind), entry.value])
        return 1 + sum(parts.map((part) => this.visit(part, bound, depth + 1)))
      }
      case 'comprehensionExpr':
        return 1 + this.#comprehension(kind.value, bound, depth)
      default:
        return 1
    }
  }

  #ident(expr: Expr, spelt: string, bound: readonly string[]): void {
    const name = spelt.startsWith('.') ? spelt.slice(1) : spelt
    if (bound.includes(name) || name.startsWith('@') || TYPE_NAMES.has(name)) return
    if (!(VARIABLES as readonly string[]).includes(name)) {
      this.#fault(expr, `there is no variable ${name}${didYouMean(name, [...VARIABLES, ...bound])}`)
    } else if (name === 'steps') {
      this.#fault(expr, 'name the step: steps.ID, or steps["ID"] where the id has a hyphen')
    } else if (!this.variables.has(name)) {
      this.variables.set(name, this.#offset(expr))
    }
  }

  /** Notes `steps.ID`; answers whether the operand is the variable `steps`. */
  #step(operand: Expr | undefined, id: string, expr: Expr, bound: readonly string[]): boolean {
    const isSteps = operand?.exprKind.case === 'identExpr' && operand.exprKind.value.name === 'steps'
    if (!isSteps || bound.includes('steps')) return false
    if (!this.steps.has(id)) this.steps.set(id, this.#offset(operand))
    if (expr.exprKind.case === 'selectExpr' && expr.exprKind.value.testOnly) {
      this.#fault(expr, `every step is there; test its output: has(steps.${id}.output.FIELD)`)
    }
    return true
  }

  #call(expr: Expr, call: Call, bound: readonly string[], depth: number): number {
    const [operand, index] = call.args
    if (call.function === '_[_]' && operand !== undefined) {
      const id = textOf(index)
      if (id !== null && this.#step(operand, id, expr, bound)) return 1
    }
    const name = call.target === undefined ? call.function : (namespaced(call.target, call.function) ?? call.function)
    if (/^[A-Za-z]/.test(name)) this.#checkCall(expr, name, call)
    const inTarget = name === call.function ? this.visit(call.target, bound, depth + 1) : 0
    return inTarget + sum(call.args.map((arg) => this.visit(arg, bound, depth + 1)))
  }

  #checkCall(expr: Expr, name: string, call: Call): void {
    const isMethod = call.target !== undefined && name === call.function
    if (name === 'has') {
      this.#fault(expr, 'has takes one field, as in has(input.name)')
      return
    }
    if (isMethod && MACROS.has(name)) {
      this.#fault(expr, `${name} is called as list.${name}(x, expression of x)`)
      return
    }
    const fault = faultOfCall(name, isMethod, call.args.length)
    if (fault !== null) {
      this.#fault(expr, `${fault}${fault.startsWith('there') ? didYouMean(name, functionNames()) : ''}`)
      return
    }
    const pattern = name === 'matches' ? textOf(call.args[0]) : null
    const patternFault = pattern === null ? null : faultOfPattern(pattern)
    if (patternFault !== null) this.#fault(expr, patternFault)
  }

  /** Charges each round for the nodes it evaluates, and lets lists grow in place instead of being copied each round. */
  #comprehension(value: Comprehension, bound: readonly string[], depth: number): number {
    const inner = [...bound, value.iterVar]
    const inRange = this.visit(value.iterRange, bound, depth + 1)
    if (value.accuInit?.exprKind.case === 'listExpr') {
      value.accuInit = callOf(value.accuInit, NEW_LIST, [])
      growInPlace(value.loopStep)
    }
    const inLoop = this.visit(value.loopStep, inner, depth + 1) + this.visit(value.loopCondition, inner, depth + 1)
    const nodes = constOf(value.loopCondition, inLoop)
    if (value.loopCondition !== undefined)
      value.loopCondition = callOf(value.loopCondition, TICK, [value.loopCondition, nodes])
    if (value.iterRange !== undefined) value.iterRange = callOf(value.iterRange, RANGE, [value.iterRange])
    return inRange + inLoop
  }

  #fault(expr: Expr, message: string): void {
    this.faults.push({ message, offset: this.#offset(expr) })
  }

  #offset(expr: Expr | undefined): number {
    return this.positions[String(expr?.id)] ?? 0
  }
}

const MACROS = new Set(['all', 'exists', 'exists_one', 'existsOne', 'map', 'filter'])

/** `@result + [x]` becomes `@append(@result, x)`, also inside the conditional that `filter` makes. */
function growInPlace(step: Expr | undefined): void {
  if (step?.exprKind.case !== 'callExpr') return
  const call = step.exprKind.value
  if (call.function === '_?_:_') {
    growInPlace(call.args[1])
    return
  }
  const [accumulator, added] = call.args
  if (call.function !== '_+_' || accumulator === undefined || added?.exprKind.case !== 'listExpr') return
  const [item] = added.exprKind.value.elements
  if (item === undefined) return
  call.function = APPEND
  call.args = [accumulator, item]
}

function callOf(place: Expr, name: string, args: (Expr | undefined)[]): Expr {
  const value: Call = { $typeName: 'cel.expr.Expr.Call', function: name, args: args.filter((arg) => arg !== undefined) }
  return { $typeName: 'cel.expr.Expr', id: place.id, exprKind: { case: 'callExpr', value } }
}

function constOf(place: Expr | undefined, value: number): Expr {
  const constantKind = { case: 'int64Value' as const, value: BigInt(value) }
  const exprKind = { case: 'constExpr' as const, value: { $typeName: 'cel.expr.Constant' as const, constantKind } }
  return { $typeName: 'cel.expr.Expr', id: place?.id ?? 0n, exprKind }
}

function mapKeyOf(keyKind: { case: string | undefined; value?: unknown }): Expr | undefined {
  return keyKind.case === 'mapKey' ? (keyKind.value as Expr) : undefined
}

/** `strings.quote` and its like: a function in a namespace, which looks like a method of a variable. */
function namespaced(target: Expr, name: string): string | null {
  const isIdent = target.exprKind.case === 'identExpr'
  const qualified = isIdent ? `${(target.exprKind.value as { name: string }).name}.${name}` : null
  return qualified !== null && faultOfCall(qualified, false, 1) === null ? qualified : null
}

/** `a.b["c"][0]` from its root on; null for what is no chain of members with constant keys. Built without recursion. */
function chainOf(expr: Expr): { root: string; path: string[] } | null {
  const path: string[] = []
  for (let at: Expr | undefined = expr; at !== undefined;) {
    const kind: Expr['exprKind'] = at.exprKind
    if (kind.case === 'identExpr') return { root: kind.value.name, path: path.toReversed() }
    if (kind.case === 'selectExpr') {
      path.push(kind.value.field)
      at = kind.value.operand
      continue
    }
    const [operand, index]: Expr[] = kind.case === 'callExpr' && kind.value.function === '_[_]' ? kind.value.args : []
    const key = keyOf(index)
    if (key === null) return null
    path.push(key)
    at = operand
  }
  return null
}

/** A constant key of a member: a text, or a place in a list. */
function keyOf(expr: Expr | undefined): string | null {
  const constant = expr?.exprKind.case === 'constExpr' ? expr.exprKind.value.constantKind : undefined
  return constant?.case === 'int64Value' ? String(constant.value) : textOf(expr)
}

function textOf(expr: Expr | undefined): string | null {
  const constant = expr?.exprKind.case === 'constExpr' ? expr.exprKind.value.constantKind : undefined
  return constant?.case === 'stringValue' ? constant.value : null
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

const BOTH: readonly Json[] = [true, false]
const BOOLEAN_CALLS = new Set([
  '_==_',
  '_!=_',
  '_<_',
  '_<=_',
  '_>_',
  '_>=_',
  '@in',
  'contains',
  'startsWith',
  'endsWith',
  'matches',
  'bool',
])

/** The values that the syntax leaves possible: constants, the arms of conditionals, true and false for comparisons. */
function outcomesOf(expr: Expr | undefined): readonly Json[] | null {
  const kind = expr?.exprKind
  switch (kind?.case) {
    case 'constExpr':
      return outcomesOfConstant(kind.value.constantKind)
    case 'selectExpr':
      return kind.value.testOnly ? BOTH : null
    case 'comprehensionExpr':
      return kind.value.accuInit?.exprKind.case === 'constExpr' ? BOTH : null
    case 'callExpr':
      return outcomesOfCall(kind.value)
    default:
      return null
  }
}

function outcomesOfConstant(constant: { case: string | undefined; value?: unknown }): readonly Json[] | null {
  switch (constant.case) {
    case 'nullValue':
      return [null]
    case 'boolValue':
    case 'stringValue':
    case 'doubleValue':
      return [constant.value as Json]
    case 'int64Value':
    case 'uint64Value':
      return [Number(constant.value)]
    default:
      return null
  }
}

function outcomesOfCall(call: Call): readonly Json[] | null {
  if (BOOLEAN_CALLS.has(call.function)) return BOTH
  const outcomes = call.args.map(outcomesOf)
  switch (call.function) {
    case '!_':
      return outcomes[0]?.length === 1 ? [outcomes[0][0] !== true] : BOTH
    case '_&&_':
      return decided(outcomes, false)
    case '_||_':
      return decided(outcomes, true)
    case '_?_:_': {
      const [condition, yes, no] = outcomes
      if (condition?.length === 1) return (condition[0] === true ? yes : no) ?? null
      return yes && no ? [...new Set([...yes, ...no])] : null
    }
    default:
      return null
  }
}

/** One operand that always has the absorbing value decides; else the result is open. */
function decided(outcomes: readonly (readonly Json[] | null)[], absorbing: boolean): readonly Json[] {
  if (outcomes.some((one) => isAlways(one, absorbing))) return [absorbing]
  return outcomes.every((one) => isAlways(one, !absorbing)) ? [!absorbing] : BOTH
}

function isAlways(outcomes: readonly Json[] | null, value: boolean): boolean {
  return outcomes?.length === 1 && outcomes[0] === value
}
