import type { FlowJob, JobsOptions } from 'bullmq'
import { GATES_QUEUE, jobId, ROOT_JOB, RUNS_QUEUE, stepsQueue } from './names.ts'

/** One step as the flow needs it; `parent` is an index into the same list, or -1 for the run's root job. */
export interface FlowStep {
  id: string
  queue: string
  /** 0 to 9, 9 first. */
  priority: number
  maxRetries: number
  parent: number
  /** Whether a gate holds the step back until steps elsewhere in the tree have settled. */
  gated: boolean
}

/** What to sequence: the unsettled steps of a run under one epoch. */
export interface FlowSpec {
  run: string
  epoch: number
  steps: readonly FlowStep[]
  /** Whether the run's root job is on top. False: the one step whose parent would be the root job is, and adds it if need be. */
  hasRoot: boolean
}

/**
 * BullMQ's priority: 1 is first and 0 means none (ahead of all). Gates release their parents into the list of jobs
 * without priority, so a gated step runs before the others whatever it says.
 */
export function bullPriority(priority: number): number {
  return 10 - priority
}

/**
 * Builds the flow of a run: the root job or the last step on top, each step a child of its tree parent, a gate below each
 * gated step. Every job carries `ignoreDependencyOnFailure`, so that a failed child releases its parent like a completed one.
 */
export function buildFlow(spec: FlowSpec): FlowJob {
  const children: FlowJob[][] = spec.steps.map(() => [])
  const top: FlowJob[] = []
  // Parents may come after their children in the list: nodes first, then the links.
  const nodes = spec.steps.map((step) => stepJob(spec, step))
  spec.steps.forEach((step, index) => {
    const node = nodes[index]!
    if (step.gated) children[index]!.push(gateJob(spec, step.id))
    ;(step.parent < 0 ? top : children[step.parent]!).push(node)
  })
  nodes.forEach((node, index) => {
    if (children[index]!.length > 0) Object.assign(node, { children: children[index] })
  })
  if (!spec.hasRoot) return top[0]!
  const root = rootJob(spec)
  return top.length > 0 ? { ...root, children: top } : root
}

/** The job that ends a run. */
export function rootJob({ run, epoch }: Pick<FlowSpec, 'run' | 'epoch'>) {
  const address = { run, step: ROOT_JOB, epoch }
  return { name: ROOT_JOB, queueName: RUNS_QUEUE, data: address, opts: { jobId: jobId(address), attempts: 1 } }
}

/** A step that is added below a job of its run: an item of a map, or a compensation below the root job. */
export function childJob(
  address: { run: string; epoch: number },
  step: Omit<FlowStep, 'parent'>,
  parent?: { id: string; queue: string },
): FlowJob {
  const job = stepJob(address, step, parent)
  return step.gated ? { ...job, children: [gateJob(address, step.id)] } : job
}

/** A step whose job is added after the flow; `parent`: the step whose job waits for it, null: the run's root job. */
export interface LateStep {
  step: Omit<FlowStep, 'parent' | 'gated'>
  parent: Pick<FlowStep, 'id' | 'queue'> | null
}

/** The job of a late step, below its parent's; `qualified`: BullMQ's full name of one of its queues. */
export function lateJob(
  { run, epoch }: { run: string; epoch: number },
  { step, parent }: LateStep,
  qualified: (queue: string) => string,
) {
  const id = jobId({ run, epoch, step: parent?.id ?? ROOT_JOB })
  const queue = qualified(parent === null ? RUNS_QUEUE : stepsQueue(parent.queue))
  return stepJob({ run, epoch }, step, { id, queue })
}

/** `parent`: the job that it is added below, where that is not told by a flow. */
function stepJob(
  spec: { run: string; epoch: number },
  step: Omit<FlowStep, 'parent' | 'gated'>,
  parent?: { id: string; queue: string },
) {
  const opts: JobsOptions = {
    jobId: jobId({ run: spec.run, step: step.id, epoch: spec.epoch }),
    attempts: step.maxRetries + 1,
    priority: bullPriority(step.priority),
    ignoreDependencyOnFailure: true,
    stackTraceLimit: 1,
  }
  if (step.maxRetries > 0) opts.backoff = { type: 'step' }
  if (parent !== undefined) opts.parent = parent
  return {
    name: step.id,
    queueName: stepsQueue(step.queue),
    data: { run: spec.run, step: step.id, epoch: spec.epoch },
    opts,
  }
}

function gateJob(spec: { run: string; epoch: number }, stepId: string): FlowJob {
  return {
    name: 'gate',
    queueName: GATES_QUEUE,
    data: { run: spec.run, step: stepId, epoch: spec.epoch },
    opts: { jobId: jobId({ run: spec.run, step: stepId, epoch: spec.epoch }), ignoreDependencyOnFailure: true },
  }
}
