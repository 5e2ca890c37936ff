import type { RunMoment, StepResult } from '../db/commit.ts'
import { readUnsettled, stepKey } from '../db/activation.ts'
import type { JobAddress } from '../queue/names.ts'
import { carrierOf } from '../workflow/carrier.ts'
import type { CompiledStep, CompiledWorkflow } from '../workflow/compile.ts'
import type { Json } from '../workflow/definition.ts'
import type { Activation } from './activate.ts'
import type { Engine } from './engine.ts'

/** The steps of one job: several where the workflow has segments, else one. */

/** Where the job of a step is in the queue. */
export function jobOf(workflow: CompiledWorkflow, step: CompiledStep, address: Omit<JobAddress, 'step'>): JobAddress {
  return { run: address.run, epoch: address.epoch, step: carrierOf(workflow, step).id }
}

/** The step that the same job runs next; null behind the last. */
export function successorOf({ workflow, step, child }: Pick<Activation, 'workflow' | 'step' | 'child'>) {
  return child === null ? (workflow.steps[workflow.plan.successor[step.index]!] ?? null) : null
}

/** The last step of a step's job. */
export function lastOf({ workflow, step }: Pick<Activation, 'workflow' | 'step'>): CompiledStep {
  return stretchFrom(workflow, step).at(-1)!
}

/** The first step from `step` on that has not settled, so that a recovery skips what has; the last one if all have. */
export async function firstUnsettled(
  engine: Engine,
  workflow: CompiledWorkflow,
  { run, step }: { run: string; step: CompiledStep },
): Promise<CompiledStep> {
  const stretch = stretchFrom(workflow, step)
  if (stretch.length === 1) return step
  const unsettled = await readUnsettled(
    engine.db,
    stretch.map(({ index }) => ({ runId: run, stepIndex: index })),
  )
  return stretch.find(({ index }) => unsettled.has(stepKey(run, index))) ?? stretch.at(-1)!
}

/** A step and those that the same job runs behind it. */
export function stretchFrom({ steps, plan }: CompiledWorkflow, step: CompiledStep): CompiledStep[] {
  const stretch = [step]
  let next = steps[plan.successor[step.index]!]
  while (next !== undefined) {
    stretch.push(next)
    next = steps[plan.successor[next.index]!]
  }
  return stretch
}

/**
 * The steps that become due with this one, where the commit of this one can tell all that the decision about them looks at:
 * the next of the job, or behind its last those that depend on nothing else.
 */
export function lookAhead(activation: Activation): CompiledStep[] {
  const { workflow, step, child } = activation
  if (child !== null) return []
  const next = successorOf(activation)
  const due = next === null ? workflow.plan.dependents[step.index]!.map((index) => workflow.steps[index]!) : [next]
  return due.filter((one) => looksOnlyAt(one, step.index))
}

function looksOnlyAt({ dependencies, needs, needsOrder }: CompiledStep, index: number): boolean {
  return !needsOrder && dependencies.every((edge) => edge.index === index) && needs.every((need) => need === index)
}

/** What there is to decide about a step that has become due and that nobody has begun, without a read of it. */
export function activateNext(
  run: Pick<Activation, 'run' | 'workflow' | 'jobEpoch'>,
  step: CompiledStep,
  { state, resultOf }: Foresight,
): Activation {
  const needs = step.needs.map((index) => {
    const { output } = resultOf(index)
    // Parsed for each step, which may do with it what it likes.
    return { status: 'completed' as const, output: output === null ? null : (JSON.parse(output) as Json), error: null }
  })
  const { runStatus, epoch, haltedBy, now } = state
  return {
    run: run.run,
    workflow: run.workflow,
    jobEpoch: run.jobEpoch,
    step,
    child: null,
    admitted: true,
    order: null,
    row: {
      runStatus,
      epoch,
      haltedBy,
      status: 'pending',
      attempt: 0,
      retryCount: 0,
      retryInMs: null,
      workerId: null,
      ownerSilentMs: null,
      startedAt: null,
      waitingFor: null,
      wakeInMs: null,
      now,
      dependencies: step.dependencies.map(({ index }) => ({ status: 'completed', branch: resultOf(index).branch })),
      needs,
    },
  }
}

/** How a run is behind a commit, which tells how it was before: it has started the run, where that had not started yet. */
export function afterCommit({ row }: Activation, state: RunMoment): RunMoment {
  const startsRun = row.runStatus === 'queued' || row.runStatus === 'waiting'
  return startsRun && state.runStatus === row.runStatus ? { ...state, runStatus: 'running' } : state
}

/** How a run is, and how the steps that another looks at completed. */
export interface Foresight {
  state: RunMoment
  resultOf: (step: number) => StepResult
}
