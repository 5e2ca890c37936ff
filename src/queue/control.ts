import { DelayedError, UnrecoverableError, WaitingChildrenError, type Job } from 'bullmq'

/**
 * The ends of a job that BullMQ expects as exceptions. Nothing else throws to steer; a processor ends with one of these
 * or returns.
 */

/** The attempt failed and the job is to be tried again after `delayMs`; BullMQ's back-off strategy reads it off the error. */
export class RetryAttempt extends Error {
  override readonly name = 'RetryAttempt'
  readonly delayMs: number

  constructor(message: string, delayMs: number) {
    super(message)
    this.delayMs = delayMs
  }
}

/** Back-off of every job that may be retried: as long as Postgres was told. */
export function stepBackoff(_attemptsMade: number, _type: string | undefined, error: Error | undefined): number {
  return error instanceof RetryAttempt ? Math.max(0, Math.ceil(error.delayMs)) : 1_000
}

/**
 * Ends the job as failed for now: BullMQ retries it after `delayMs`. Where BullMQ has no attempts left although
 * Postgres has (someone retried the job by hand), it is delayed instead.
 */
export async function retryJob(job: Job, token: string, message: string, delayMs: number): Promise<never> {
  if (job.attemptsMade + 1 < (job.opts.attempts ?? 1)) throw new RetryAttempt(message, delayMs)
  return delayJob(job, token, delayMs)
}

/** Ends the job as failed for good; whatever depends on it is released all the same. */
export function failJob(message: string): never {
  throw new UnrecoverableError(message)
}

/** Puts the job aside for a while without counting an attempt. */
export async function delayJob(job: Job, token: string, delayMs: number): Promise<never> {
  await job.moveToDelayed(Date.now() + Math.max(1, Math.ceil(delayMs)), token)
  throw new DelayedError()
}

/**
 * Hands the job back, so that another worker takes it at once. Not by `moveToWait`: for a job with a priority, BullMQ's
 * script on Redis wakes no worker, so an idle one found it only after `drainDelay` (4.4 s where this takes 0.1 s).
 */
export async function handBackJob(job: Job, token: string): Promise<never> {
  return delayJob(job, token, 1)
}

/** Parks the job until its children are gone; returns, if they are gone already. */
export async function parkJob(job: Job, token: string): Promise<void> {
  if (await job.moveToWaitingChildren(token)) throw new WaitingChildrenError()
}

/** Whether an error is one of those above, which BullMQ knows how to follow. */
export function isControl(error: unknown): boolean {
  return (
    error instanceof RetryAttempt ||
    error instanceof UnrecoverableError ||
    error instanceof DelayedError ||
    error instanceof WaitingChildrenError
  )
}
