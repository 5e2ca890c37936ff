import { canonicalJson } from './canonical.ts'
import type { CompiledStep, CompiledWorkflow } from './compile.ts'
import type { Json } from './json-value.ts'
import { pointer } from './problems.ts'
import { isSettled, type StepStatus } from './states.ts'

/**
 * Two runs of one workflow side by side, of one version or of two. Steps are compared by id, in topological order of the
 * first run's version, then those that only the second has. Three questions are asked of each step that both have, the
 * cause before the effect: did it get another input, did it take another way (run or not, branch), did it give another
 * output. What has not settled yet does not differ.
 */

/** How a step of a run stands. */
export interface StepState {
  status: StepStatus
  attempts: number
  branch: string | null
  reason: string | null
  error: string | null
  /** Whether an attempt was begun. */
  hasBegun: boolean
  /** Of the last attempt. */
  durationMs: number | null
  /** Bytes of the output; null: it is null, or there is none. */
  outputBytes: number | null
}

/** A step in one of the runs. */
export interface PlacedStep {
  step: CompiledStep
  state: StepState
}

/** A step id with what each run has of it. */
export interface StepPair {
  id: string
  a: PlacedStep | null
  b: PlacedStep | null
}

/** In what two runs of a step differ. */
export type Difference = 'input' | 'branch' | 'output' | 'attempts'

/** A run: its version, and its steps in the order of the definition. */
interface Side {
  workflow: CompiledWorkflow
  steps: readonly StepState[]
}

/** Pairs the steps of two runs by id. */
export function pairSteps(a: Side, b: Side): StepPair[] {
  const place = ({ workflow, steps }: Side, id: string): PlacedStep | null => {
    const index = workflow.indexOf.get(id) ?? -1
    const [step, state] = [workflow.steps[index], steps[index]]
    return step === undefined || state === undefined ? null : { step, state }
  }
  const idsOf = ({ workflow }: Side) => workflow.plan.order.flatMap((index) => workflow.steps[index]?.id ?? [])
  const ids = new Set([...idsOf(a), ...idsOf(b)])
  return [...ids].map((id) => ({ id, a: place(a, id), b: place(b, id) }))
}

/** A pair that both runs have. */
export interface CommonPair {
  id: string
  a: PlacedStep
  b: PlacedStep
}

/** Whether both runs have a step. */
export function isCommon(pair: StepPair): pair is CommonPair {
  return pair.a !== null && pair.b !== null
}

/** Whether only a look at the outputs tells whether they differ: there are two, of the same length. */
export function needsLook({ a, b }: CommonPair): boolean {
  const both = a.state.status === 'completed' && b.state.status === 'completed'
  return both && a.state.outputBytes !== null && a.state.outputBytes === b.state.outputBytes
}

/**
 * Steps whose resolved inputs may differ, in order: both have begun, and the binding is another, or something that it may
 * read. `outputs`: ids of steps whose outputs differ; `isSameData`: whether input, context and order of the runs are equal.
 */
export function mayDifferInInput(
  pairs: readonly CommonPair[],
  { outputs, isSameData }: { outputs: ReadonlySet<string>; isSameData: boolean },
): CommonPair[] {
  const changed = pairs.filter((pair) => differsInWay(pair) || differsInOutput(pair, outputs))
  const changedOf = { a: indexesOf(changed, 'a'), b: indexesOf(changed, 'b') }
  return pairs.filter(({ a, b }) => {
    const [before, after] = [a.step.step.input, b.step.step.input]
    if (!a.state.hasBegun || !b.state.hasBegun || (before === undefined && after === undefined)) return false
    if (!isSameData || !isEqual(before ?? null, after ?? null)) return true
    return a.step.needs.some((need) => changedOf.a.has(need)) || b.step.needs.some((need) => changedOf.b.has(need))
  })
}

function indexesOf(pairs: readonly CommonPair[], side: 'a' | 'b'): Set<number> {
  return new Set(pairs.map((pair) => pair[side].step.index))
}

/** What {@link compareSteps} has to know beside the states. */
export interface Looks {
  /** Ids of steps whose outputs, of the same length, differ. */
  outputs: ReadonlySet<string>
  /** Ids of steps whose resolved inputs differ. */
  inputs: ReadonlySet<string>
}

/** In what each pair differs; nothing of a step that only one of the runs has. */
export function compareSteps(pairs: readonly StepPair[], { outputs, inputs }: Looks): Difference[][] {
  return pairs.map((pair) => {
    if (!isCommon(pair)) return []
    const { a, b } = pair
    return [
      ...(inputs.has(pair.id) ? (['input'] as const) : []),
      ...(differsInWay(pair) ? (['branch'] as const) : []),
      ...(differsInOutput(pair, outputs) ? (['output'] as const) : []),
      ...(bothExecuted(pair) && a.state.attempts !== b.state.attempts ? (['attempts'] as const) : []),
    ]
  })
}

/** Whether one run executed the step and the other did not, or it took another branch. */
function differsInWay({ a, b }: CommonPair): boolean {
  const [before, after] = [wayOf(a.state), wayOf(b.state)]
  if (before === null || after === null) return false
  if (before !== after) return true
  return a.state.status === 'completed' && b.state.status === 'completed' && a.state.branch !== b.state.branch
}

function wayOf({ status, hasBegun }: StepState): 'executed' | 'left out' | null {
  if (!isSettled(status)) return null
  const executed = status === 'completed' || status === 'failed' || (status === 'cancelled' && hasBegun)
  return executed ? 'executed' : 'left out'
}

function bothExecuted({ a, b }: CommonPair): boolean {
  return wayOf(a.state) === 'executed' && wayOf(b.state) === 'executed'
}

function differsInOutput(pair: CommonPair, outputs: ReadonlySet<string>): boolean {
  const [a, b] = [pair.a.state, pair.b.state]
  if (!bothExecuted(pair)) return false
  if (a.status !== b.status) return true
  return a.status === 'completed'
    ? a.outputBytes !== b.outputBytes || outputs.has(pair.id)
    : withoutIds(a.error) !== withoutIds(b.error)
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/giu

/** Errors that name their own run are the same error. */
function withoutIds(error: string | null): string | null {
  return error?.replaceAll(UUID, '') ?? null
}

/** Whether two values are the same but for the order of keys. */
export function isEqual(a: Json, b: Json): boolean {
  return a === b || canonicalJson(a) === canonicalJson(b)
}

/** JSON Pointer of the first place where two values differ, '' for the values themselves; null where they are equal. */
export function firstDifference(a: Json, b: Json): string | null {
  if (a === b) return null
  const isPlain = (value: Json) => typeof value !== 'object' || value === null
  if (isPlain(a) || isPlain(b) || Array.isArray(a) !== Array.isArray(b)) return ''
  const [before, after] = [a as Record<string, Json>, b as Record<string, Json>]
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const isInBoth = Object.hasOwn(before, key) && Object.hasOwn(after, key)
    const within = isInBoth ? firstDifference(before[key] ?? null, after[key] ?? null) : ''
    if (within !== null) return pointer(key) + within
  }
  return null
}
