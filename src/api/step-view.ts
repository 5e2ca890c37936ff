import { readActivations, type ActivationRow } from '../db/activation.ts'
import { readOrderViews } from '../db/order-view.ts'
import type { RunDetail, RunEntry } from '../db/run-queries.ts'
import type { StoredError } from '../db/schema.ts'
import { getStep, type AttemptRow, type StepDetail, type StepRow, type WorkerName } from '../db/step-queries.ts'
import { SluiceError } from '../errors.ts'
import type { Engine } from '../engine/engine.ts'
import { at } from '../workflow/at.ts'
import { resolveBinding } from '../workflow/bindings.ts'
import type { CompiledStep, CompiledWorkflow } from '../workflow/compile.ts'
import type { Json } from '../workflow/definition.ts'
import { isSettled, type AttemptStatus, type StepStatus } from '../workflow/states.ts'
import { iso } from './schemas/fields.ts'
import type { AttemptView, StepDetailView, StepView } from './schemas/step.ts'

/** Shows a step: what the definition says of it, and what has become of it. */
export function showStep(compiled: CompiledStep, row: StepRow): StepView {
  return {
    step_id: compiled.id,
    step_index: compiled.index,
    type: compiled.step.type,
    action: compiled.action,
    status: row.status,
    depends_on: [...new Set(compiled.dependencies.map((dependency) => dependency.id))],
    retry_count: row.retryCount,
    max_retries: compiled.maxRetries,
    started_at: iso(row.startedAt),
    completed_at: iso(row.completedAt),
    error_message: row.error?.message ?? null,
    reason: row.reason,
    output_bytes: row.outputBytes,
  }
}

/** A step with its payloads and attempts. Throws `not_found` where the run's version has no such step. */
export async function readStepDetail(engine: Engine, run: RunDetail, stepId: string): Promise<StepDetailView> {
  const workflow = await engine.versions.get(run.versionId)
  const compiled = requireStep(workflow, run, stepId)
  const [detail, input] = await Promise.all([
    getStep(engine.db, run.id, compiled.index),
    resolveInput(engine, { run, workflow, step: compiled }),
  ])
  if (detail === null) throw noSuchStep(run, stepId)
  return {
    ...showStep(compiled, detail.step),
    input,
    output: detail.output,
    idempotency_key: `${run.id}.${compiled.id}`,
    attempts: attemptsOf(detail),
  }
}

/** A step of a compiled version by its id. Throws `not_found`. */
export function requireStep(workflow: CompiledWorkflow, run: Pick<RunEntry, 'id'>, stepId: string): CompiledStep {
  const index = workflow.indexOf.get(stepId)
  if (index === undefined) throw noSuchStep(run, stepId)
  return at(workflow.steps, index)
}

function noSuchStep(run: Pick<RunEntry, 'id'>, stepId: string): SluiceError {
  return new SluiceError('not_found', `Run ${run.id} has no step "${stepId}".`)
}

/**
 * The step's input, computed as the worker does it. Null where the step has none, where a step that it reads has not
 * settled, and where the binding has no value.
 */
async function resolveInput(
  { db }: Engine,
  { run, workflow, step }: { run: RunDetail; workflow: CompiledWorkflow; step: CompiledStep },
): Promise<Json> {
  const binding = step.step.input
  if (binding === undefined) return null
  const [[row], orders] = await Promise.all([
    readActivations(db, [{ runId: run.id, stepIndex: step.index, dependencies: [], needs: step.needs }]),
    run.orderId !== null && step.needsOrder ? readOrderViews(db, [run.orderId]) : new Map<string, Json>(),
  ])
  if (!row || row.needs.some((need) => !isSettled(need.status))) return null
  const views = new Map<string, ActivationRow['needs'][number]>(
    step.needs.map((index, position) => [at(workflow.steps, index).id, at(row.needs, position)]),
  )
  const scope = {
    input: run.input ?? null,
    context: run.context ?? null,
    order: (run.orderId === null ? undefined : orders.get(run.orderId)) ?? null,
    steps: (id: string) => views.get(id),
  }
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
