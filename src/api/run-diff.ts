import { findDifferentOutputs, readStepStates } from '../db/diff.ts'
import { readOrderViews } from '../db/order-view.ts'
import { readOutputs } from '../db/runs.ts'
import type { RunDetail } from '../db/run-queries.ts'
import type { Engine } from '../engine/engine.ts'
import { SluiceError } from '../errors.ts'
import { resolveBinding } from '../workflow/bindings.ts'
import { canonicalJson } from '../workflow/canonical.ts'
import type { CompiledWorkflow } from '../workflow/compile.ts'
import {
  compareSteps,
  firstDifference,
  isCommon,
  isEqual,
  mayDifferInInput,
  needsLook,
  pairSteps,
  type CommonPair,
  type Difference,
  type PlacedStep,
  type StepPair,
  type StepState,
} from '../workflow/diff-runs.ts'
import type { Json } from '../workflow/json-value.ts'
import type { Scope } from '../workflow/scope.ts'
import { requireRun } from './run-view.ts'
import type { DiffSide, DiffView } from './schemas/diff.ts'
import { iso } from './schemas/fields.ts'

/**
 * Compares two runs. What of their payloads must be looked at is bounded: outputs of different length differ without a
 * look, those of one length are compared within Postgres, and an input is resolved only where it may differ.
 */

/** Bytes of outputs that are compared of each run, and of those that are read to resolve inputs. */
const COMPARED_BYTES = 32 * 1024 * 1024
const READ_BYTES = 8 * 1024 * 1024
/** Inputs that are resolved of each run, and characters of them that are compared. */
const INPUTS = 2_000
const INPUT_CHARACTERS = 16 * 1024 * 1024
/** Characters of JSON that are shown of an input or an output. */
const SHOWN_CHARACTERS = 2_000

/** One of the two runs, with all that comparing looks at. */
interface Side {
  run: RunDetail
  workflow: CompiledWorkflow
  steps: readonly StepState[]
}

/** Compares run `b` with run `a`. Throws `not_found`, and `invalid_input` where they are runs of two workflows. */
export async function diffRuns(engine: Engine, ids: { a: string; b: string }): Promise<DiffView> {
  const [runA, runB] = await Promise.all([requireRun(engine, ids.a), requireRun(engine, ids.b)])
  refuseStrangers(runA, runB)
  const [workflowA, workflowB, states] = await Promise.all([
    engine.versions.get(runA.versionId),
    engine.versions.get(runB.versionId),
    readStepStates(engine.db, [...new Set([runA.id, runB.id])]),
  ])
  const a = { run: runA, workflow: workflowA, steps: states.get(runA.id) ?? [] }
  const b = { run: runB, workflow: workflowB, steps: states.get(runB.id) ?? [] }
  const pairs = pairSteps(a, b)
  const looks = await lookAt(engine, a, b, pairs.filter(isCommon))
  const differences = compareSteps(pairs, { ...looks, inputs: new Set(looks.inputs.keys()) })
  return {
    workflow_name: runA.workflowName,
    a: showRun(runA),
    b: showRun(runB),
    same_version: runA.versionId === runB.versionId,
    input_differs: !isEqual(runA.input ?? null, runB.input ?? null),
    is_complete: looks.isComplete,
    first_difference: await showFirst(engine, { a, b, pairs, differences, inputs: looks.inputs }),
    steps: pairs.map((pair, index) => showPair(pair, differences[index] ?? [])),
  }
}

function refuseStrangers(a: RunDetail, b: RunDetail): void {
  if (a.workflowId === b.workflowId) return
  const message = `run ${a.id} is of workflow "${a.workflowName}", run ${b.id} of workflow "${b.workflowName}": only runs of one workflow can be compared`
  const problems = [{ path: '/b', code: 'other_workflow', message }]
  throw new SluiceError('invalid_input', message, { problems })
}

/** Resolved inputs of a step in both runs. */
interface Inputs {
  a: Json
  b: Json
}

/** Looks at what lengths and states leave open: which outputs differ, and which inputs. */
async function lookAt(engine: Engine, a: Side, b: Side, pairs: readonly CommonPair[]) {
  const open = pairs.filter(needsLook)
  const compared = within(COMPARED_BYTES, open, ({ a: { state } }) => state.outputBytes ?? 0)
  const different = await findDifferentOutputs(
    engine.db,
    { a: a.run.id, b: b.run.id },
    compared.map((pair) => ({ a: pair.a.step.index, b: pair.b.step.index })),
  )
  const outputs = new Set(different.flatMap((place) => compared[place]?.id ?? []))
  const isSameData =
    isEqual(a.run.input ?? null, b.run.input ?? null) &&
    isEqual(a.run.context ?? null, b.run.context ?? null) &&
    a.run.orderId === b.run.orderId
  const suspects = mayDifferInInput(pairs, { outputs, isSameData })
  const resolvable = within(READ_BYTES, suspects.slice(0, INPUTS), bytesRead({ a, b }))
  const [inputOfA, inputOfB] = await Promise.all([
    inputReader(
      engine,
      a,
      resolvable.map((pair) => pair.a),
    ),
    inputReader(
      engine,
      b,
      resolvable.map((pair) => pair.b),
    ),
  ])
  const inputs = new Map<string, Inputs>()
  let characters = 0
  let seen = 0
  for (const pair of resolvable) {
    if (characters > INPUT_CHARACTERS) break
    const both = { a: inputOfA(pair.a), b: inputOfB(pair.b) }
    const texts = [canonicalJson(both.a), canonicalJson(both.b)]
    if (texts[0] !== texts[1]) inputs.set(pair.id, both)
    characters += texts.join('').length
    seen += 1
  }
  return { outputs, inputs, isComplete: compared.length === open.length && seen === suspects.length }
}

/** The first items whose sizes together stay within a bound. */
function within<Item>(bound: number, items: readonly Item[], sizeOf: (item: Item) => number): Item[] {
  let sum = 0
  return items.filter((item) => (sum += sizeOf(item)) <= bound)
}

/** What resolving the inputs of a pair reads more than those before it. */
function bytesRead({ a, b }: { a: Side; b: Side }): (pair: CommonPair) => number {
  const read = { a: new Set<number>(), b: new Set<number>() }
  const more = (side: 'a' | 'b', steps: readonly StepState[], needs: readonly number[]) => {
    const fresh = needs.filter((need) => !read[side].has(need))
    for (const need of fresh) read[side].add(need)
    return fresh.reduce((sum, need) => sum + (steps[need]?.outputBytes ?? 0), 0)
  }
  return (pair) => Math.max(more('a', a.steps, pair.a.step.needs), more('b', b.steps, pair.b.step.needs))
}

/** Resolves inputs of steps of a run: null where a step has none, or its binding has no value. */
async function inputReader(
  { db }: Engine,
  { run, workflow, steps }: Side,
  placed: readonly PlacedStep[],
): Promise<(placed: PlacedStep) => Json> {
  const needs = [...new Set(placed.flatMap(({ step }) => step.needs))]
  const [outputs, orders] = await Promise.all([
    needs.length === 0 ? [] : readOutputs(db, run.id, needs),
    run.orderId === null ? new Map<string, Json>() : readOrderViews(db, [run.orderId]),
  ])
  const views = new Map(
    needs.map((need, index) => {
      const { status = 'pending', error = null } = steps[need] ?? {}
      const output = outputs[index] ?? null
      const parsed = output === null ? null : (JSON.parse(output) as Json)
      return [workflow.steps[need]?.id ?? '', { status, error, output: parsed }] as const
    }),
  )
  const scope: Scope = {
    input: run.input ?? null,
    context: run.context ?? null,
    order: orders.get(run.orderId ?? '') ?? null,
    steps: (id) => views.get(id),
  }
  return ({ step }) => {
    try {
      return step.step.input === undefined ? null : resolveBinding(step.step.input, scope)
    } catch {
      // The step failed with the very same error: that is where it shows.
      return null
    }
  }
}

function showRun(run: RunDetail): DiffView['a'] {
  const { startedAt, completedAt } = run
  return {
    id: run.id,
    workflow_version: run.workflowVersion,
    status: run.status,
    created_at: iso(run.createdAt),
    duration_ms: startedAt === null || completedAt === null ? null : completedAt.getTime() - startedAt.getTime(),
  }
}

function showPair(pair: StepPair, differs: Difference[]): DiffView['steps'][number] {
  const show = (placed: PlacedStep | null) =>
    placed && {
      status: placed.state.status,
      duration_ms: placed.state.durationMs,
      attempts: placed.state.attempts,
    }
  const [before, after] = [pair.a?.state.durationMs ?? null, pair.b?.state.durationMs ?? null]
  return {
    step_id: pair.id,
    ...(isCommon(pair) ? {} : { only_in: pair.a === null ? ('b' as const) : ('a' as const) }),
    a: show(pair.a),
    b: show(pair.b),
    duration_delta_ms: before === null || after === null ? null : after - before,
    differs,
  }
}

async function showFirst(
  { db }: Engine,
  found: {
    a: Side
    b: Side
    pairs: readonly StepPair[]
    differences: readonly Difference[][]
    inputs: Map<string, Inputs>
  },
): Promise<DiffView['first_difference']> {
  const { a, b, pairs, differences, inputs } = found
  const place = differences.findIndex((each) => each.some((what) => what !== 'attempts'))
  const pair = pairs[place]
  const kind = differences[place]?.[0]
  if (pair === undefined || !isCommon(pair) || kind === undefined || kind === 'attempts') return null
  const states = { a: pair.a.state, b: pair.b.state }
  if (kind === 'branch') return { step_id: pair.id, kind, path: null, a: showSide(states.a), b: showSide(states.b) }
  const values =
    kind === 'input'
      ? (inputs.get(pair.id) ?? { a: null, b: null })
      : { a: await outputOf(db, a.run.id, pair.a), b: await outputOf(db, b.run.id, pair.b) }
  return {
    step_id: pair.id,
    kind,
    path: states.a.status === states.b.status || kind === 'input' ? firstDifference(values.a, values.b) : null,
    a: showSide(states.a, values.a),
    b: showSide(states.b, values.b),
  }
}

async function outputOf(db: Engine['db'], runId: string, { step, state }: PlacedStep): Promise<Json> {
  if (state.status !== 'completed') return null
  const [output] = await readOutputs(db, runId, [step.index])
  return output === null || output === undefined ? null : (JSON.parse(output) as Json)
}

/** `value`: what differs; undefined: nothing but the state. */
function showSide({ status, reason, error, branch }: StepState, value?: Json): DiffSide {
  const text = value === undefined ? null : JSON.stringify(value)
  return {
    status,
    reason,
    error,
    branch,
    json: text?.slice(0, SHOWN_CHARACTERS) ?? null,
    bytes: text === null ? null : Buffer.byteLength(text),
  }
}
