import type { JobPresence, PendingJob } from '../queue/queue.ts'
import type { Engine } from './engine.ts'

/** What the two halves of drift share. */

/** A difference between Postgres and the queue. */
export interface Finding {
  /** `missing_job`: Postgres says due, the queue does not know. `leftover_job`: the queue holds, Postgres says settled. */
  kind: 'missing_job' | 'leftover_job'
  run: string
  /** Null: the run's root job. */
  step: string | null
  epoch: number
  /** Where the job was at the last look. */
  presence: JobPresence
  /** In words. */
  text: string
  /** The job that is left over; null where one is missing. */
  job: PendingJob | null
}

/** How much a comparison may look at. */
export interface Budget {
  /** Unfinished runs. */
  runs: number
  /** Jobs in the queue. */
  jobs: number
  /** Whether the time for looking is over. */
  isOver(): boolean
}

/** Questions to the queue that are under way at once: Redis takes them in one round trip, on Postgres each needs a connection. */
const AT_ONCE = { redis: 50, postgres: 2 }

/** Does `work` on all items, a few at a time. */
export async function inSmallGroups<Item>(
  engine: Engine,
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const size = AT_ONCE[engine.queue.connection.backend]
  for (let start = 0; start < items.length; start += size) {
    await Promise.all(items.slice(start, start + size).map(work))
  }
}
