import type { Ahead } from '../db/commit.ts'
import { readUnsettled, stepKey } from '../db/activation.ts'
import type { JobAddress } from '../queue/names.ts'
import { carrierOf } from '../workflow/carrier.ts'
import type { CompiledStep, CompiledWorkflow } from '../workflow/compile.ts'
import type { Json } from '../workflow/definition.ts'
import type { Activation } from './activate.ts'
import type { Engine } from './engine.ts'
import type { StepResult } from './perform.ts'

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

/** Index of the next step, where the commit of this one can tell all that the decision about it looks at; else null. */
export function lookAhead(activation: Activation): number | null {
  const next = successorOf(activation)
  if (next === null || next.needsOrder) return null
  const { index } = activation.step
  const isEnough = next.dependencies.every((edge) => edge.index === index) && next.needs.every((need) => need === index)
  return isEnough ? next.index : null
}

/** What there is to decide about the next step, without a read: from the answer of the commit before it. */
export function activateNext(before: Activation, result: StepResult, ahead: Ahead): Activation {
  const step = successorOf(before)!
  const output = result.output === null ? null : (JSON.parse(result.output) as Json)
  const startsRun = before.row.runStatus === 'queued' || before.row.runStatus === 'waiting'
  return {
    ...before,
    step,
    admitted: true,
    order: null,
    row: {
      // The commit has started the run, where it had not started yet.
      runStatus: startsRun && ahead.runStatus === before.row.runStatus ? 'running' : ahead.runStatus,
      epoch: ahead.epoch,
      haltedBy: ahead.haltedBy,
      status: 'pending',
      attempt: 0,
      retryCount: 0,
      retryInMs: null,
      workerId: null,
      ownerSilentMs: null,
      startedAt: null,
      waitingFor: null,
      wakeInMs: null,
      item: null,
      now: ahead.now,
      dependencies: step.dependencies.map(() => ({ status: 'completed', branch: result.branch })),
      needs: step.needs.map(() => ({ status: 'completed', output, error: null })),
    },
  }
}
