/**
 * Names in the queue. Ids never hold a colon (BullMQ's separator); a step's job and its gate share an id, in two queues.
 */

/** The queue of root jobs: where no step's job does, a root job runs last and ends its run. */
export const RUNS_QUEUE = 'runs'
/** The queue of gates: jobs that no worker takes, each holding back one step until it is removed. */
export const GATES_QUEUE = 'gates'
/** The queue of gates that open by themselves when their delay is over: workers take these jobs, and do nothing. */
export const TIMERS_QUEUE = 'timers'
/** Stands for the root job where a step id would stand; `$` cannot begin a step id. */
export const ROOT_JOB = '$run'
/** Name of the jobs by which a worker proves that its queue still feeds it. */
export const CANARY_JOB = '$canary'

/** BullMQ queue of the job schedulers that tell when a schedule is due. */
export const SCHEDULES_QUEUE = 'schedules'

const STEPS_PREFIX = 'steps-'

/** The BullMQ queue of the steps whose definition says `queue: name`. */
export function stepsQueue(name: string): string {
  return `${STEPS_PREFIX}${name}`
}

/** Whether a BullMQ queue of this name holds jobs of runs, be it of steps, gates or roots. */
export function holdsRuns(queue: string): boolean {
  return queue.startsWith(STEPS_PREFIX) || [RUNS_QUEUE, GATES_QUEUE, TIMERS_QUEUE].includes(queue)
}

/** Which step of which run, and under which dispatch: all that a job carries. */
export interface JobAddress {
  run: string
  step: string
  epoch: number
}

/** The BullMQ id of a step's job, and of its gate. */
export function jobId(address: JobAddress): string {
  return `${address.run}.${address.step}.${address.epoch}`
}

/** Reads a job's data; null for data that is not ours (someone added a job by hand). */
export function parseJobAddress(data: unknown): JobAddress | null {
  if (typeof data !== 'object' || data === null) return null
  const { run, step, epoch } = data as Partial<Record<keyof JobAddress, unknown>>
  return typeof run === 'string' && typeof step === 'string' && Number.isInteger(epoch)
    ? { run, step, epoch: epoch as number }
    : null
}
