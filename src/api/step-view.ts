import { readActivations } from '../db/activation.ts'
import { readOrderViews } from '../db/order-view.ts'
import { readChildren, readItems, type ChildRow } from '../db/park.ts'
import { listChildRuns, type RunDetail, type RunEntry } from '../db/run-queries.ts'
import type { StoredError } from '../db/schema.ts'
import type { StepState } from '../db/run-states.ts'
import { getStep, type AttemptRow, type StepDetail, type StepRow, type WorkerName } from '../db/step-queries.ts'
import { SluiceError } from '../errors.ts'
import type { Engine } from '../engine/engine.ts'
import { scopeOf } from '../engine/scope.ts'
import { jobOf } from '../engine/stretch.ts'
import { resolveBinding } from '../workflow/bindings.ts'
import { findStep, rowsNeeded, type FoundStep } from '../workflow/child-step.ts'
import type { CompiledWorkflow } from '../workflow/compile.ts'
import { inputBindingOf, type Json } from '../workflow/definition.ts'
import { progressOf } from '../workflow/outcome.ts'
import { isSettled, type AttemptStatus, type StepStatus } from '../workflow/states.ts'
import { iso } from './schemas/fields.ts'
import type { AttemptView, StepDetailView, StepView } from './schemas/step.ts'

/** Shows the steps of a run; rows of which the definition knows nothing are left out. */
export function showSteps(
  workflow: CompiledWorkflow,
  rows: readonly StepState[],
  childRuns: ReadonlyMap<number, string>,
): StepView[] {
  const items = new Map<number, StepState[]>()
  for (const row of rows) {
    if (row.parentIndex === null || row.itemIndex === null) continue
    const siblings = items.get(row.parentIndex)
    if (siblings === undefined) items.set(row.parentIndex, [row])
    else siblings.push(row)
  }
  return rows.flatMap((row) => {
    const { stepIndex } = row
    return showStepOf(workflow, row, { items: items.get(stepIndex), childRunId: childRuns.get(stepIndex) }) ?? []
  })
}

/** What {@link showStep} shows of a step that is in none of its rows. */
interface StepSurroundings {
  /** The items of a map; undefined where there are none. */
  items: readonly Pick<StepState, 'status'>[] | undefined
  childRunId: string | undefined
}

/** Shows one step of a run; null where the definition knows nothing of it. */
export function showStepOf(
  workflow: CompiledWorkflow,
  row: StepState,
  surroundings: StepSurroundings,
): StepView | null {
  const found = findStep(workflow, row.stepId)
  return found === null ? null : showStep(found, row, surroundings)
}

/** Shows a step: what the definition says of it, and what has become of it. */
function showStep(
  { step: compiled, parentId }: FoundStep,
  row: StepState,
  { items, childRunId }: StepSurroundings,
): StepView {
  return {
    step_id: compiled.id,
    step_index: row.stepIndex,
    type: compiled.step.type,
    action: compiled.action,
    status: row.status,
    depends_on: [...new Set(compiled.dependencies.map((dependency) => dependency.id))],
    attempt: row.attempt,
    retry_count: row.retryCount,
    max_retries: compiled.maxRetries,
    started_at: iso(row.startedAt),
    completed_at: iso(row.completedAt),
    error_message: row.error?.message ?? null,
    reason: row.reason,
    output_bytes: row.outputBytes,
    parent_step_id: parentId,
    waiting_for: row.waitingFor,
    items: items === undefined ? null : progressOf(items.map((item) => item.status)),
    child_run_id: childRunId ?? null,
  }
}

/** A step with its payloads and attempts. Throws `not_found` where the run has no such step. */
export async function readStepDetail(engine: Engine, run: RunDetail, stepId: string): Promise<StepDetailView> {
  const workflow = await engine.versions.get(run.versionId)
  const { found, stepIndex, child } = await requireStep(engine, run, stepId)
  const [detail, input, childRuns, items] = await Promise.all([
    getStep(engine.db, run.id, stepIndex),
    resolveInput(engine, { run, workflow, found, stepIndex, child }),
    listChildRuns(engine.db, run.id),
    found.step.itemStep === null ? undefined : readItems(engine.db, run.id, stepIndex),
  ])
  if (detail === null) throw noSuchStep(run, stepId)
  return {
    ...showStep(found, detail.step, { items, childRunId: childRuns.get(stepIndex) }),
    input,
    output: detail.output,
    idempotency_key: `${run.id}.${stepId}`,
    job:
      run.epoch === 0
        ? null
        : engine.queue.placeOf(jobOf(workflow, found.step, { run: run.id, epoch: run.epoch }), found.step.step.queue),
    attempts: attemptsOf(detail),
  }
}

/** A step of a run by its id, an item of a map or a compensation too, and its index. Throws `not_found`. */
export async function requireStep(
  engine: Engine,
  run: Pick<RunEntry, 'id' | 'versionId'>,
  stepId: string,
): Promise<{ found: FoundStep; stepIndex: number; child: ChildRow | null }> {
  const found = findStep(await engine.versions.get(run.versionId), stepId)
  if (found === null) throw noSuchStep(run, stepId)
  if (found.kind === 'step') return { found, stepIndex: found.step.index, child: null }
  const children = await readChildren(engine.db, [{ runId: run.id, stepId }])
  const child = children.get(`${run.id}/${stepId}`)
  if (child === undefined) throw noSuchStep(run, stepId)
  return { found, stepIndex: child.stepIndex, child }
}

function noSuchStep(run: Pick<RunEntry, 'id'>, stepId: string): SluiceError {
  return new SluiceError('not_found', `Run ${run.id} has no step "${stepId}".`)
}

interface StepPlace {
  run: RunDetail
  workflow: CompiledWorkflow
  found: FoundStep
  stepIndex: number
  child: ChildRow | null
}

/**
 * The step's input, computed as the worker does it. Null where the step has none, where a step that it reads has not
 * settled, and where the binding has no value.
 */
async function resolveInput({ db }: Engine, { run, workflow, found, stepIndex, child }: StepPlace): Promise<Json> {
  const { step } = found
  const binding = inputBindingOf(step.step)
  if (binding === undefined) return null
  const needs = child === null ? step.needs : rowsNeeded(found, child.parentIndex)
  const [[row], orders] = await Promise.all([
    readActivations(db, [{ runId: run.id, stepIndex, dependencies: [], needs }]),
    run.orderId !== null && step.needsOrder ? readOrderViews(db, [run.orderId]) : new Map<string, Json>(),
  ])
  if (!row || row.needs.some((need) => !isSettled(need.status))) return null
  const order = (run.orderId === null ? undefined : orders.get(run.orderId)) ?? null
  const data = { input: run.input ?? null, context: run.context ?? null }
  const scope = scopeOf({ run: data, workflow, step, row, order, child })
  try {
    return resolveBinding(binding, scope)
  } catch {
    // The step failed, or will, with the very same error: it is shown there.
    return null
  }
}

/** What the status of a step says of its newest attempt, where that has no row of its own. */
const NEWEST_ATTEMPT: Readonly<Record<StepStatus, AttemptStatus | null>> = {
  pending: null,
  retrying: null,
  running: 'running',
  waiting: 'running',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
  skipped: null,
}

/** All attempts, oldest first: those that ended have rows, the newest is in the step's own. */
function attemptsOf({ step, worker, attempts }: StepDetail): AttemptView[] {
  const ended = attempts.map((row) => showAttempt(row))
  const status = NEWEST_ATTEMPT[step.status]
  const isKnown = step.attempt === 0 || attempts.some((row) => row.attempt === step.attempt)
  return isKnown || status === null ? ended : [...ended, showAttempt({ ...step, worker, status })]
}

type ShownAttempt = Pick<AttemptRow, 'attempt' | 'status'> &
  Pick<StepRow, 'startedAt' | 'completedAt' | 'retryAt'> & { error: StoredError | null; worker: WorkerName | null }

function showAttempt(row: ShownAttempt): AttemptView {
  const { error, worker } = row
  return {
    attempt: row.attempt,
    status: row.status,
    started_at: iso(row.startedAt),
    completed_at: iso(row.completedAt),
    error: error && { message: error.message, stack: error.stack ?? null, code: error.code ?? null },
    worker: worker && `${worker.hostname}:${worker.pid}`,
    retry_at: iso(row.retryAt),
  }
}
