import { markUndispatched, raiseEpochs } from '../db/runs.ts'
import type { FlowSpec, LateStep } from '../queue/flow.ts'
import { withTimeout } from '../timeout.ts'
import { carrierOf } from '../workflow/carrier.ts'
import { closingStepOf } from '../workflow/closing-step.ts'
import type { CompiledStep, CompiledWorkflow } from '../workflow/compile.ts'
import { flowShape, NO_JOB, type FlowShape } from '../workflow/flow-shape.ts'
import { ROOT } from '../workflow/plan.ts'
import { isSettled } from '../workflow/states.ts'
import type { Engine } from './engine.ts'
import { stretchFrom } from './stretch.ts'

/**
 * Bringing runs to the queue. Start, recovery, retry and resume are the same: an epoch, and the unsettled steps of the
 * plan as a flow.
 */

/** How long to wait for the queue before runs are left to the reconciler: BullMQ on Postgres adds some 500 jobs a second at worst. */
const ADD_TIMEOUT_MS = 10_000
const ADD_TIMEOUT_MS_PER_JOB = 2

/** The epoch of the flow that a run begins with; every later one is raised from it. */
export const FIRST_EPOCH = 1

/**
 * Adds runs that were inserted under epoch 1, in the background. Whatever goes wrong, the reconciler finds the runs:
 * those known to be missing at once, those of a crash when they have not started after a while. Where the queue of this
 * process is not known to be the one in use, they are left to the leader.
 */
export function dispatchNew(
  engine: Engine,
  compiled: CompiledWorkflow,
  runs: readonly { id: string; priority: number | null }[],
): void {
  if (engine.queueLife.token === null) return
  const specs = runs.map((run) => firstFlow(compiled, run))
  void add(engine, specs)
}

/**
 * Dispatches unfinished runs anew: raises their epoch, which makes all of their jobs stale, and adds what is unsettled.
 * Finished and paused runs are left alone, and so are all where the queue of this process is away, or not known to be the
 * one in use: the leader finds them. Returns how many the queue took.
 */
export async function redispatch(engine: Engine, runIds: readonly string[]): Promise<number> {
  if (engine.queueLife.token === null || isQueueAway(engine)) return 0
  const rows = await raiseEpochs(engine.db, runIds, engine.queueLife.token)
  const specs: FlowSpec[] = []
  for (const row of rows) {
    const compiled = await engine.versions.get(row.versionId)
    specs.push(flowAnew(compiled, row, (step) => isSettled(row.statuses[step]!)))
  }
  return (await add(engine, specs)) ? specs.length : 0
}

async function add(engine: Engine, specs: readonly FlowSpec[]): Promise<boolean> {
  if (isQueueAway(engine)) {
    await leave(engine, specs)
    return false
  }
  for (const spec of specs) engine.dispatching.add(spec.run)
  const jobs = specs.reduce((sum, spec) => sum + spec.steps.length, 0)
  const adding = engine.queue.addFlows(specs)
  try {
    await withTimeout(adding, ADD_TIMEOUT_MS + jobs * ADD_TIMEOUT_MS_PER_JOB)
    return true
  } catch (error) {
    engine.log.warn({ err: error, runs: specs.length }, 'the queue did not take runs: the reconciler will add them')
    engine.unanswered.add(adding)
    void adding.catch(() => undefined).finally(() => engine.unanswered.delete(adding))
    await leave(engine, specs)
    return false
  } finally {
    for (const spec of specs) engine.dispatching.delete(spec.run)
  }
}

/** Whether the queue is known not to answer: what it was handed now would pile up in memory until it does. */
export function isQueueAway({ queue, unanswered }: Engine): boolean {
  return unanswered.size > 0 || !queue.connection.isConnected()
}

/** Notes in Postgres that the queue does not have these runs. */
async function leave(engine: Engine, specs: readonly FlowSpec[]): Promise<void> {
  const runs = specs.map((spec) => ({ id: spec.run, epoch: spec.epoch }))
  await markUndispatched(engine.db, runs).catch((failure: unknown) =>
    engine.log.warn({ err: failure }, 'Postgres did not take the note either: the sweep will find the runs'),
  )
}

/** The flow that a run begins with: all of its steps but those that are added late. */
export function firstFlow(compiled: CompiledWorkflow, run: { id: string; priority: number | null }): FlowSpec {
  return flowOf(compiled, { ...run, epoch: FIRST_EPOCH }, compiled.firstShape)
}

/** The flow of a run that is dispatched anew: its unsettled steps, in the tree and with the gates of the plan. */
export function flowAnew(
  compiled: CompiledWorkflow,
  run: { id: string; epoch: number; priority: number | null },
  settled: (step: number) => boolean,
): FlowSpec {
  return flowOf(compiled, run, flowShape(compiled.plan, settled))
}

/** It has a root job unless everything hangs from the job of the step that sees to the end of the run. */
function flowOf(
  compiled: CompiledWorkflow,
  run: { id: string; epoch: number; priority: number | null },
  { parent, gated }: FlowShape,
): FlowSpec {
  const withJob = compiled.steps.filter((step) => parent[step.index] !== NO_JOB)
  const [top, ...others] = withJob.filter((step) => parent[step.index] === ROOT)
  const closing = closingStepOf(compiled)
  const included = withJob.filter((step) => !isLate(compiled, { step: step.index, epoch: run.epoch }))
  const position = new Map(included.map((step, index) => [step.index, index]))
  return {
    run: run.id,
    epoch: run.epoch,
    hasRoot: closing === null || top !== carrierOf(compiled, closing) || others.length > 0,
    steps: included.map((step) => {
      const { id, queue, priority, maxRetries } = jobSettings(compiled, step, run.priority)
      const place = position.get(parent[step.index]!) ?? -1
      return { id, queue, priority, maxRetries, parent: place, gated: gated[step.index]! }
    }),
  }
}

/** Whether a step's job is added when it is due, instead of with the flow: only in the flow that a run begins with. */
export function isLate({ firstShape }: CompiledWorkflow, { step, epoch }: { step: number; epoch: number }): boolean {
  return epoch === FIRST_EPOCH && firstShape.late[step]!
}

/** The job of a late step, for its time; `priority`: of the run, null: the step's own counts. */
export function lateStep(compiled: CompiledWorkflow, index: number, priority: number | null): LateStep {
  const step = compiled.steps[index]!
  const parent = compiled.steps[compiled.firstShape.parent[index]!] ?? null
  return { step: jobSettings(compiled, step, priority), parent }
}

function jobSettings(compiled: CompiledWorkflow, step: CompiledStep, priority: number | null) {
  return {
    id: step.id,
    queue: step.queue,
    priority: priority ?? step.priority,
    maxRetries: maxRetriesOf(compiled, step),
  }
}

/** Of all steps that its job runs. */
function maxRetriesOf(compiled: CompiledWorkflow, carrier: CompiledStep): number {
  return stretchFrom(compiled, carrier).reduce((retries, step) => retries + step.maxRetries, 0)
}
