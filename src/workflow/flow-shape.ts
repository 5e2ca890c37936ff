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

/** The flow of a run's first epoch, in which nothing has settled. */
export interface FirstShape extends FlowShape {
  /** By step index: whether its job is added by whoever settles the last of its openers, instead of waiting at a gate. */
  late: boolean[]
  /** Whether there is a late step that waits for several others. */
  hasLateJoin: boolean
}

/**
 * {@link flowShape} at the start of a run. A gated job is late where no other hangs below it, and where all of its openers
 * have their jobs below its own parent: that one waits for them, so it cannot come up before the late job has been added.
 */
export function firstShape(plan: Plan): FirstShape {
  const { parent, gated } = flowShape(plan, () => false)
  const isParent = new Set(parent)
  const isBelow = descentOf(parent)
  const late = gated.map((isGated, step) => {
    const above = at(parent, step)
    if (!isGated || isParent.has(step)) return false
    return at(plan.openers, step).every((opener) => isBelow(at(plan.carrier, opener), above))
  })
  const hasLateJoin = late.some((isLate, step) => isLate && at(plan.openers, step).length > 1)
  return { parent, gated, late, hasLateJoin }
}

/**
 * Tells whether one job is below another in the tree, whose jobs are numbered so that all below one follow it. Recursive: the
 * depth of a flow is limited (see MAX_DEPTH).
 */
function descentOf(parent: readonly number[]): (job: number, above: number) => boolean {
  const children = new Map<number, number[]>()
  for (const [step, above] of parent.entries()) {
    const siblings = children.get(above)
    if (siblings === undefined) children.set(above, [step])
    else siblings.push(step)
  }
  const begin = new Map<number, number>()
  const end = new Map<number, number>()
  let count = 0
  const visit = (job: number): void => {
    begin.set(job, count++)
    for (const child of children.get(job) ?? []) visit(child)
    end.set(job, count)
  }
  visit(ROOT)
  return (job, above) => begin.get(job)! > begin.get(above)! && end.get(job)! <= end.get(above)!
}
