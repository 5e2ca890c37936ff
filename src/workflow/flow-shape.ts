import { at } from './at.ts'
import { ROOT, type Plan } from './plan.ts'
import { LAST } from './segments.ts'

/** The part of a plan that is still to run, as a BullMQ flow: a tree of jobs, and the gates at which some of them wait. */
export interface FlowShape {
  /** By step index: the BullMQ parent of its job, {@link ROOT} for the run's root job, {@link NO_JOB} for a step without one. */
  parent: number[]
  /** By step index: whether its job waits at a gate. `opens` of the plan says who opens it. */
  gated: boolean[]
}

/** In place of a parent: the step has settled, and all that its job would run; or the job of its carrier runs it. */
export const NO_JOB = -2

/**
 * The flow of the unsettled steps: all of them at the start, some after a recovery, a resume or a retry. A job whose
 * parent has settled hangs from the root; a gate is needed only where an opener has not settled.
 *
 * In this flow each step waits for all of its unsettled dependencies, also where a retry left completed steps in
 * between, as long as what settled is what the engine can have settled: a step settles after its dependencies, a retry
 * takes back every step that is not completed (or a step and all below it). A segment waits as a whole, for what its first
 * step depends on.
 */
export function flowShape(plan: Plan, isSettled: (step: number) => boolean): FlowShape {
  const settled = plan.treeParent.map((_, step) => isSettled(step))
  const hasJob = settled.map(() => false)
  const last = settled.map((_, step) => step)
  for (const [step, carrier] of plan.carrier.entries()) {
    if (!at(settled, step)) hasJob[carrier] = true
    if (plan.successor[step] === LAST) last[carrier] = step
  }
  return {
    parent: hasJob.map((has, step) => {
      if (!has) return NO_JOB
      const above = at(plan.treeParent, at(last, step))
      const job = above === ROOT ? ROOT : at(plan.carrier, above)
      return job === ROOT || !at(hasJob, job) ? ROOT : job
    }),
    gated: plan.openers.map((openers, step) => at(hasJob, step) && openers.some((opener) => !at(settled, opener))),
  }
}
