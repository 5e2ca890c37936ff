import type { Job, Worker } from 'bullmq'
import { stepBackoff } from '../queue/control.ts'
import { CANARY_JOB, RUNS_QUEUE, stepsQueue, TIMERS_QUEUE } from '../queue/names.ts'
import type { Engine } from './engine.ts'
import type { StepExecutor } from './execute.ts'
import type { Finaliser } from './finalise.ts'

/** How a process serves queues. */
export interface ServeOptions {
  /** Queues as definitions name them. */
  queues: readonly string[]
  /** Steps at once, for each queue. */
  concurrency: number
}

/** A process's BullMQ workers, and when each last did something. */
export interface QueueServer {
  readonly workers: readonly ServedQueue[]
  /** Takes no more jobs, and waits for those under way; `force` does not wait. */
  close(force: boolean): Promise<void>
}

/** One BullMQ worker. */
export interface ServedQueue {
  readonly name: string
  readonly worker: Worker
  /** Jobs in hand. */
  readonly active: number
  /** When it last took or finished a job, or began to listen; by `performance.now()`. */
  readonly lastActivityMs: number
}

/** Root jobs of that many runs at once: they only read and write. */
const RUNS_CONCURRENCY = 50
const TIMERS_CONCURRENCY = 50
/**
 * How often BullMQ looks for jobs whose lock has expired, as a part of the lock's duration. A killed worker's job comes
 * up again after at most one lock and one such interval.
 */
const STALLED_INTERVAL = 0.4

/** Starts taking jobs: steps of the given queues, root jobs and timers. */
export function serveQueues(
  engine: Engine,
  executor: StepExecutor,
  finaliser: Finaliser,
  options: ServeOptions,
): QueueServer {
  const serve = (
    name: string,
    concurrency: number,
    process: (job: Job, token: string) => Promise<void>,
  ): ServedQueue => {
    const state = { active: 0, lastActivityMs: performance.now() }
    const processor = async (job: Job, token?: string) => {
      state.active += 1
      state.lastActivityMs = performance.now()
      try {
        if (job.name !== CANARY_JOB) await process(job, token!)
      } finally {
        state.active -= 1
        state.lastActivityMs = performance.now()
      }
    }
    const worker = engine.queue.worker(name, processor, {
      concurrency,
      lockDuration: engine.lockDurationMs,
      stalledInterval: Math.round(engine.lockDurationMs * STALLED_INTERVAL),
      // Whether a step has been tried too often is Postgres's business.
      maxStalledCount: 1_000_000,
      drainDelay: 5,
      runRetryDelay: 500,
      settings: { backoffStrategy: stepBackoff },
    })
    return {
      name,
      worker,
      get active() {
        return state.active
      },
      get lastActivityMs() {
        return state.lastActivityMs
      },
    }
  }
  const workers = [
    ...options.queues.map((queue) =>
      serve(stepsQueue(queue), options.concurrency, (job, token) => executor.process(job, token)),
    ),
    serve(RUNS_QUEUE, RUNS_CONCURRENCY, (job, token) => finaliser.process(job, token)),
    // A timer whose delay is over has done its work by coming up: with it, the step that waits is released.
    serve(TIMERS_QUEUE, TIMERS_CONCURRENCY, () => Promise.resolve()),
  ]
  return {
    workers,
    async close(force) {
      await Promise.allSettled(workers.map(({ worker }) => worker.close(force)))
    },
  }
}
