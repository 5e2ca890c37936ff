import { at } from './at.ts'
import { ROOT, type Plan } from './plan.ts'

/** The part of a plan that is still to run, as a BullMQ flow: a tree of jobs, and the gates at which some of them wait. */
export interface FlowShape {
  /** By step index: the BullMQ parent, {@link ROOT} for the run's root job, {@link SETTLED} for a step not in the flow. */
  parent: number[]
  /** By step index: whether the step waits at a gate. `opens` of the plan says who opens it. */
  gated: boolean[]
}

/** In place of a parent: the step has settled and has no job. */
export const SETTLED = -2

/**
 * The flow of the unsettled steps: all of them at the start, some after a recovery, a resume or a retry. A step whose
 * parent has settled hangs from the root; a gate is needed only where an opener has not settled.
 *
 * In this flow each step waits for all of its unsettled dependencies, also where a retry left completed steps in
 * between, as long as what settled is what the engine can have settled: a step settles after its dependencies, a retry
 * takes back every step that is not completed (or a step and all below it).
 */
export function flowShape(plan: Plan, isSettled: (step: number) => boolean): FlowShape {
  const settled = plan.treeParent.map((_, step) => isSettled(step))
  return {
    parent: plan.treeParent.map((parent, step) => {
      if (at(settled, step)) return SETTLED
      return parent === ROOT || at(settled, parent) ? ROOT : parent
    }),
    gated: plan.openers.map((openers, step) => !at(settled, step) && openers.some((opener) => !at(settled, opener))),
  }
}
