import {
  celEnv,
  celFunc,
  celList,
  celMethod,
  CelScalar,
  celType,
  isCelError,
  isCelList,
  isCelMap,
  listType,
} from '@bufbuild/cel'
import type { CelEnv, CelFunc, CelInput, CelList, CelType, CelValue } from '@bufbuild/cel'
import { strings } from '@bufbuild/cel/ext'
import { GrowingList, weightOf } from './expressions-values.ts'

/**
 * The functions that expressions may call: CEL's standard library and its string extension, made to fit JSON (doubles
 * and ints mix in arithmetic, whole doubles serve as indexes) and bounded: every call and every round of a comprehension
 * is charged to a budget, in proportion to the data it looks at. The budget counts work, not time, so an expression that
 * is within it once is always.
 */

/** An expression that looks at more than it may. */
class BudgetExceeded extends Error {
  override readonly name = 'BudgetExceeded'
}

/** Longest text that may be searched for, replaced, or used as a pattern: keeps a search linear in the text. */
const LONGEST_NEEDLE = 1_024

/** What is left of the running evaluation's budget. Evaluation is synchronous and never nests. */
let budget = 0

/** The budget of a running evaluation. */
export interface Budget {
  charge: (units: number) => void
  isExceeded: () => boolean
}

const running: Budget = { charge, isExceeded: () => budget < 0 }

/**
 * Runs an evaluation with so much work allowed. What goes beyond fails with {@link BudgetExceeded}, which `||` and `&&`
 * may swallow: ask `isExceeded` at the end.
 */
export function withBudget<Result>(units: number, evaluate: (running: Budget) => Result): Result {
  budget = units
  return evaluate(running)
}

/** Charges the running evaluation. */
function charge(units: number): void {
  budget -= units
  if (budget < 0) throw new BudgetExceeded('the expression does more work than is allowed')
}

/** Names that only our rewriting of the syntax tree calls (expressions-syntax.ts); no expression can spell them. */
export const TICK = '@tick'
export const RANGE = '@range'
export const NEW_LIST = '@new_list'
export const APPEND = '@append'

const { BOOL, DOUBLE, DYN, INT, STRING } = CelScalar
const LIST = listType(DYN)
const growing = new WeakMap<CelList, GrowingList>()

const comprehensionFunctions: CelFunc[] = [
  celFunc(TICK, [BOOL, INT], BOOL, (condition, nodes) => {
    charge(Number(nodes))
    return condition
  }),
  celFunc(RANGE, [DYN], DYN, (range) => {
    if (isCelList(range) || isCelMap(range)) charge(1 + Math.floor(range.size / 4))
    return range
  }),
  celFunc(NEW_LIST, [], LIST, () => {
    const fresh = new GrowingList()
    growing.set(fresh.list, fresh)
    return fresh.list
  }),
  celFunc(APPEND, [LIST, DYN], LIST, (list, item) => {
    growing.get(list)?.append(item)
    return list
  }),
]

const arithmetic: Record<string, (left: number, right: number) => number> = {
  '_+_': (left, right) => left + right,
  '_-_': (left, right) => left - right,
  '_*_': (left, right) => left * right,
  '_/_': (left, right) => left / nonZero(right),
  '_%_': (left, right) => left % nonZero(right),
}

function nonZero(divisor: number): number {
  if (divisor === 0) throw new Error('divide by zero')
  return divisor
}

const mixedFunctions: CelFunc[] = Object.entries(arithmetic).flatMap(([name, compute]) => [
  celFunc(name, [DOUBLE, DOUBLE], DOUBLE, compute),
  celFunc(name, [INT, DOUBLE], DOUBLE, (left, right) => compute(Number(left), right)),
  celFunc(name, [DOUBLE, INT], DOUBLE, (left, right) => compute(left, Number(right))),
])

const replacedFunctions: CelFunc[] = [
  celFunc('_+_', [LIST, LIST], LIST, (left, right) => celList([...left, ...right])),
  celMethod('replace', STRING, [STRING, STRING], STRING, function (old, by) {
    return replace(this, old, by, Number.POSITIVE_INFINITY)
  }),
  celMethod('replace', STRING, [STRING, STRING, INT], STRING, function (old, by, times) {
    return replace(this, old, by, times < 0n ? Number.POSITIVE_INFINITY : Number(times))
  }),
]

/** Linear, where the library's own copies the whole text for each occurrence. */
function replace(text: string, old: string, by: string, times: number): string {
  if (old === '') throw new Error('replace needs a text to look for')
  const parts = text.split(old)
  const replaced = Math.min(times, parts.length - 1)
  charge(weightOf(text) + replaced * weightOf(by))
  return (
    parts.slice(0, replaced + 1).join(by) +
    parts
      .slice(replaced + 1)
      .map((part) => old + part)
      .join('')
  )
}

const SEARCHES = new Set(['contains', 'indexOf', 'lastIndexOf', 'split', 'replace', 'matches'])
/** Functions whose price is not in the size of their arguments: O(1), or dear by themselves (units a call). */
const PRICES: Record<string, number> = { size: 1, timestamp: 50, duration: 50, format: 100 }

/** The same function, charged for each call and refusing needles without end. */
function charged(func: CelFunc): CelFunc {
  const isSearch = SEARCHES.has(func.name)
  const price = PRICES[func.name] ?? (func.name.startsWith('get') ? 100 : 0)
  function call(target: CelValue | undefined, args: CelValue[]): CelInput {
    charge(
      func.name === 'size'
        ? 1
        : price + args.reduce((sum: number, arg) => sum + weightOf(arg), weightOf(target ?? null)),
    )
    if (isSearch) checkNeedle(func.name, target, args)
    if (func.name === 'join' && isCelList(target)) charge(target.size * weightOf(args[0] ?? ''))
    const result = func.call(0, target, args)
    if (isCelError(result)) throw result
    return result ?? null
  }
  return sameSignature(func, func.arguments, call)
}

function checkNeedle(name: string, target: CelValue | undefined, args: CelValue[]): void {
  const needle = args[0]
  if (typeof needle !== 'string') return
  if (needle.length > LONGEST_NEEDLE) {
    throw new Error(`${name} takes a text of at most ${LONGEST_NEEDLE} characters, not ${needle.length}`)
  }
  charge(weightOf(target ?? null) * weightOf(needle) * (name === 'matches' ? 32 : 1))
}

type Call = (target: CelValue | undefined, args: CelValue[]) => CelInput

function sameSignature(func: CelFunc, args: readonly CelType[], call: Call): CelFunc {
  if (func.target === undefined)
    return celFunc(func.name, args, func.result, (...values: CelValue[]) => call(undefined, values))
  return celMethod(func.name, func.target, args, func.result, function (this: CelValue, ...values: CelValue[]) {
    return call(this, values)
  })
}

/** Variants that take whole doubles where the function wants ints: a JSON number is a double. */
function withWholeDoubles(func: CelFunc): CelFunc[] {
  const places = func.arguments.flatMap((type, place) => (type === INT ? [place] : []))
  const variants: CelFunc[] = []
  for (let mask = 1; mask < 1 << places.length; mask += 1) {
    const doubles = new Set(places.filter((_, bit) => (mask & (1 << bit)) !== 0))
    const args = func.arguments.map((type, place) => (doubles.has(place) ? DOUBLE : type))
    variants.push(
      sameSignature(func, args, (target, values) => {
        const ints = values.map((value, place) => (doubles.has(place) ? wholeNumber(func.name, value) : value))
        const result = func.call(0, target, ints)
        if (isCelError(result)) throw result
        return result ?? null
      }),
    )
  }
  return variants
}

function wholeNumber(name: string, value: CelValue): CelValue {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw new Error(`${name} takes whole numbers, not ${typeof value === 'number' ? value : celType(value).name}`)
  }
  return BigInt(value)
}

function buildEnvironment(): CelEnv {
  const given = celEnv({ funcs: [...strings, ...mixedFunctions, ...replacedFunctions] })
  const all = [...given.funcs].map(charged)
  const forDoubles = all.filter((func) => func.target !== undefined || ['timestamp', 'duration'].includes(func.name))
  return celEnv({ funcs: [...all, ...forDoubles.flatMap(withWholeDoubles), ...comprehensionFunctions] })
}

/** The one environment of all expressions. */
export const environment: CelEnv = buildEnvironment()

/** Takes a call apart: whether some function of this name takes so many arguments (and a target), or why not. */
export function faultOfCall(name: string, isMethod: boolean, count: number): string | null {
  const group = environment.funcs.find(name)
  if (group === undefined) return `there is no function ${name}`
  const shapes = [...group].map((func) => ({ isMethod: func.target !== undefined, count: func.arguments.length }))
  if (shapes.some((shape) => shape.isMethod === isMethod && shape.count === count)) return null
  const counts = [...new Set(shapes.filter((shape) => shape.isMethod === isMethod).map((shape) => shape.count))]
  if (counts.length > 0)
    return `${name} takes ${counts.join(' or ')} argument${counts.join() === '1' ? '' : 's'}, not ${count}`
  return isMethod ? `${name} is called as ${name}(value)` : `${name} is called as value.${name}()`
}

/** Why `matches` fails with this pattern, whatever the text; null where it does not. */
export function faultOfPattern(pattern: string): string | null {
  const [matches] = environment.funcs.find('matches') ?? []
  const result = withBudget(Number.POSITIVE_INFINITY, () => matches?.call(0, '', [pattern]))
  return isCelError(result) ? result.message : null
}

/** Names of the functions that an expression can call. */
export function functionNames(): string[] {
  const names = new Set([...environment.funcs].map((func) => func.name))
  return [...names].filter((name) => /^[a-z]/i.test(name))
}
