import type { QuietRun } from '../db/sweep.ts'
import { ROOT_JOB, type JobAddress } from '../queue/names.ts'
import type { JobPresence } from '../queue/queue.ts'
import { findStep } from '../workflow/child-step.ts'
import { closingStepOf } from '../workflow/closing-step.ts'
import type { CompiledStep, CompiledWorkflow } from '../workflow/compile.ts'
import { isSettled } from '../workflow/states.ts'
import { concurrencyAround } from './activate.ts'
import type { Engine } from './engine.ts'
import { jobOf, stretchFrom } from './stretch.ts'

/**
 * Which jobs the queue should have of a run, judged from Postgres alone, and where they are. What is due must have a job
 * that can come up: the sweep and the report on drift ask for the same.
 */

/** A job that should be about to come up, or at work. */
export interface DueJob {
  address: JobAddress
  /** The step that is due, which need not be the one that names the job; null: it is the run's root job. */
  step: string | null
  /** The queue that its definition names; null: it is the run's root job. */
  queue: string | null
  /** Of an item or a compensation: what adds its job, which is its map or the run's root job. */
  addedBy: DueJob | null
}

/** The job that runs a step. */
function dueJob(run: { id: string; epoch: number }, workflow: CompiledWorkflow, step: CompiledStep): DueJob {
  const address = jobOf(workflow, step, { run: run.id, epoch: run.epoch })
  return { address, step: step.id, queue: step.queue, addedBy: null }
}

/** The steps that a job runs, by id: it has work as long as one of them has not settled. */
export function stepsOf(workflow: CompiledWorkflow, address: JobAddress): string[] {
  const first = workflow.steps[workflow.indexOf.get(address.step) ?? -1]
  return first === undefined ? [address.step] : stretchFrom(workflow, first).map(({ id }) => id)
}

/** The root job of a run. */
export function rootJobOf(run: { id: string; epoch: number }): DueJob {
  return { address: { run: run.id, step: ROOT_JOB, epoch: run.epoch }, step: null, queue: null, addedBy: null }
}

/** The job that waits for all others of a run: that of the step that sees to the end, as long as it is to run; else the root job. */
export function endJobOf(run: QuietRun, workflow: CompiledWorkflow): DueJob {
  const closing = closingStepOf(workflow)
  return closing === null || isSettled(run.statuses[closing.index]!) ? rootJobOf(run) : dueJob(run, workflow, closing)
}

/** Jobs of the definition's steps that are due: all dependencies settled, nobody at work, no back-off running, not parked. */
export function dueSteps(run: QuietRun, workflow: CompiledWorkflow): DueJob[] {
  return workflow.steps
    .filter(
      ({ index }) =>
        !isSettled(run.statuses[index]!) && !run.alive[index] && !run.backingOff[index] && !run.parked[index],
    )
    .filter(({ index }) =>
      workflow.plan.dependencies[index]!.every((dependency) => isSettled(run.statuses[dependency]!)),
    )
    .map((step) => dueJob(run, workflow, step))
}

/** Jobs of items and compensations that are due. What comes before them holds others back: see {@link mostAtOnce}. */
export function dueChildren(run: QuietRun, workflow: CompiledWorkflow): DueJob[] {
  return run.children
    .filter(({ id, ahead }) => ahead < mostAtOnce(workflow, id))
    .flatMap(({ id }) => childJob(run, workflow, id) ?? [])
}

/** How many items of a map may be under way at once; compensations run one after the other. */
function mostAtOnce(workflow: CompiledWorkflow, id: string): number {
  return findStep(workflow, id)?.kind === 'item' ? (concurrencyAround(workflow, id) ?? Infinity) : 1
}

function childJob(run: QuietRun, workflow: CompiledWorkflow, id: string): DueJob | null {
  const found = findStep(workflow, id)
  if (found === null) return null
  const job = dueJob(run, workflow, found.step)
  if (found.kind === 'step') return job
  const mapId = found.kind === 'item' ? found.parentId : null
  return { ...job, addedBy: mapId === null ? rootJobOf(run) : childJob(run, workflow, mapId) }
}

/** Whether nothing is left of a run but to end it: its root job is due. */
export function isRootDue(run: QuietRun): boolean {
  return !run.hasChildren && run.statuses.every(isSettled)
}

/** Where a due job is. One that is missing, but is about to be added by a job that is itself due or at work, counts as due. */
export async function presenceOf(engine: Engine, job: DueJob): Promise<JobPresence> {
  const { queue } = engine
  const presence =
    job.queue === null ? await queue.rootPresence(job.address) : await queue.stepPresence(job.address, job.queue)
  if (presence !== 'missing' || job.addedBy === null) return presence
  const adder = await presenceOf(engine, job.addedBy)
  return adder === 'due' || adder === 'active' ? 'due' : 'missing'
}

/** Whether a job cannot come up by itself: the queue does not have it, or holds it to be done. */
export function isGone(presence: JobPresence): boolean {
  return presence === 'missing' || presence === 'finished'
}
