import { listServedQueues, listWantedQueues } from '../db/actions.ts'
import { listAliveWorkers, readStats, type Stats, type WorkerRow } from '../db/stats.ts'
import type { Engine } from '../engine/engine.ts'
import { withTimeout } from '../timeout.ts'
import { shared } from './shared-answer.ts'

/** How old numbers may be: a page that is looked at by many still costs one reading a second. */
const FRESH_MS = 1_000
/** The same of the names of queues: to learn those that runs want, Postgres reads definitions. */
const NAMES_FRESH_MS = 5_000
/** How long to wait for the queue; while it is away, numbers come without it. */
const QUEUE_TIMEOUT_MS = 1_000

/** Numbers of Postgres and the queue. */
export interface ServiceStats extends Stats {
  /** Jobs of each queue by state; null while the queue does not answer. */
  queues: Record<string, Record<string, number>> | null
  workers: WorkerRow[]
}

/** Reads {@link ServiceStats}, at most once a second however often it is called. */
export function serviceStats(engine: Engine): () => Promise<ServiceStats> {
  const names = shared(NAMES_FRESH_MS, () => stepQueues(engine))
  return shared(FRESH_MS, async () => {
    const [stats, workers, queues] = await Promise.all([
      readStats(engine.db),
      listAliveWorkers(engine.db, engine.lockDurationMs),
      names().then((queues) => queueDepths(engine, queues)),
    ])
    return { ...stats, queues, workers }
  })
}

async function queueDepths(engine: Engine, names: readonly string[]): Promise<ServiceStats['queues']> {
  try {
    return await withTimeout(engine.queue.depths(names), QUEUE_TIMEOUT_MS)
  } catch (error) {
    engine.log.warn({ err: error }, 'the queue did not tell its depths')
    return null
  }
}

/**
 * Names of the queues of steps that there are workers for, or that unfinished runs want; `default` in any case. Asked of
 * Postgres, as Redis could tell only by a walk through all its keys.
 */
export async function stepQueues(engine: Engine): Promise<string[]> {
  const named = await Promise.all([listServedQueues(engine.db), listWantedQueues(engine.db)])
  return [...new Set(['default', ...named.flat()])].toSorted()
}
