import { setTimeout as sleep } from 'node:timers/promises'
import { createLogger } from '../src/log.ts'
import { openQueueConnection, type QueueBackend } from '../src/queue/connection.ts'
import { CANARY_JOB, GATES_QUEUE, RUNS_QUEUE, SCHEDULES_QUEUE, stepsQueue, TIMERS_QUEUE } from '../src/queue/names.ts'
import type { Finding } from './checker.ts'

/** Where to look. */
export interface QueuePlace {
  backend: QueueBackend
  url: string
  prefix: string
}

const QUEUES = [RUNS_QUEUE, stepsQueue('default'), GATES_QUEUE, TIMERS_QUEUE, SCHEDULES_QUEUE]
/** Everything but what has ended, which stays visible for a while. */
const STATES = ['wait', 'active', 'delayed', 'prioritized', 'waiting-children'] as const
const LOOK_EVERY_MS = 500
const TOLD = 5

/**
 * Waits until no queue holds a job that is yet to do something, for `withinMs` at most; what is still there then. Canaries
 * come and go as long as there are workers, and do not count.
 */
export async function findLeftovers(place: QueuePlace, withinMs: number, signal: AbortSignal): Promise<Finding[]> {
  const connection = await openQueueConnection({
    ...place,
    keepCompleted: 0,
    keepFailed: 0,
    log: createLogger('chaos', 'silent'),
  })
  const queues = QUEUES.map((name) => connection.queue(name))
  try {
    for (const deadline = Date.now() + withinMs; ; await sleep(LOOK_EVERY_MS, undefined, { signal })) {
      const found = await Promise.all(
        queues.flatMap((queue) =>
          STATES.map(async (state) => {
            const jobs = (await queue.getJobs([state])).filter((job) => job?.name !== CANARY_JOB)
            const ids = jobs.slice(0, TOLD).map((job) => job?.id ?? 'a job without data')
            return jobs.length === 0 ? [] : [`${queue.name}: ${jobs.length} ${state}, like ${ids.join(', ')}`]
          }),
        ),
      )
      if (found.flat().length === 0) return []
      if (Date.now() > deadline) return found.flat().map((what) => ({ rule: 'nothing is left in the queue', what }))
    }
  } finally {
    await Promise.allSettled(queues.map((queue) => queue.close()))
    await connection.close()
  }
}
