import { setTimeout as pause } from 'node:timers/promises'
import { withAdvisoryLock } from '../db/advisory-lock.ts'
import { listUnfinished, readClock, readDrillRuns, type DrillRun } from '../db/drift.ts'
import { SluiceError } from '../errors.ts'
import { isFinished } from '../workflow/states.ts'
import type { Engine } from './engine.ts'
import { findIncomplete } from './missing-jobs.ts'
import { followQueueLife, requireInUse } from './queue-life.ts'

/**
 * The flush drill: empties the queue while work goes on, and measures how long it takes until the work is back.
 *
 * A run is **back** when it was dispatched under the queue's new life and the queue has all that Postgres calls for: its
 * root job, and a job for each step that is due. What is not due waits rightly: for a step before it, a time, a decision.
 * A run that has ended meanwhile is back, and so is one that is paused or held back, of which no queue knows.
 */

/** How often the runs that are not back are looked at. */
const LOOK_EVERY_MS = 100
/** Runs that the answer names, and that a drill that took too long names. */
const SLOWEST_NAMED = 5
const MISSING_NAMED = 20

/** What a drill showed. Durations count from the moment when the queue was empty. */
export interface FlushDrill {
  /** Runs that were unfinished. */
  unfinished: number
  /** Keys that were removed from Redis, or rows from BullMQ's tables in Postgres. */
  keysRemoved: number
  wipedAt: Date
  /** Until all were back, and half of them. */
  backAfterMs: number
  medianMs: number
  slowest: { run: string; backAfterMs: number }[]
}

/**
 * Empties the queue of this service (what lies below its prefix, nothing else) and resolves when all runs that were
 * unfinished are back. Throws `conflict` while another drill is under way or where this process's queue is not the one in
 * use; `timed_out` where runs are not back within `timeoutMs`, which it names: they are left to the reconciler, as ever.
 */
export async function flushDrill(engine: Engine, timeoutMs: number): Promise<FlushDrill> {
  const task = `flush drill ${engine.queue.connection.prefix}`
  const drill = await withAdvisoryLock(engine.db, task, () => drillOnce(engine, timeoutMs))
  if (drill === null) {
    throw new SluiceError('conflict', 'A flush drill is under way: wait until it has ended.', { state: 'drilling' })
  }
  return drill
}

async function drillOnce(engine: Engine, timeoutMs: number): Promise<FlushDrill> {
  const before = await requireInUse(engine)
  const runs = await listUnfinished(engine.db)
  engine.log.warn({ runs: runs.length }, 'a flush drill: emptying the queue')
  const keysRemoved = await engine.queue.connection.wipe()
  const wipedAt = await readClock(engine.db)
  const times = await waitForAll(
    engine,
    runs.map(({ id }) => id),
    { before, timeoutMs },
  )
  const ordered = [...times].map(([run, backAfterMs]) => ({ run, backAfterMs }))
  ordered.sort((a, b) => b.backAfterMs - a.backAfterMs)
  const backAfterMs = ordered[0]?.backAfterMs ?? 0
  engine.log.warn(
    { runs: runs.length, keys: keysRemoved, ms: backAfterMs },
    'the flush drill is over: all runs are back',
  )
  return {
    unfinished: runs.length,
    keysRemoved,
    wipedAt,
    backAfterMs,
    medianMs: ordered[Math.floor(ordered.length / 2)]?.backAfterMs ?? 0,
    slowest: ordered.slice(0, SLOWEST_NAMED),
  }
}

/** After how many milliseconds each run was back; `before`: the token of the life that was ended. */
async function waitForAll(
  engine: Engine,
  runIds: readonly string[],
  { before, timeoutMs }: { before: string; timeoutMs: number },
): Promise<Map<string, number>> {
  const begin = performance.now()
  const sinceMs = () => Math.round(performance.now() - begin)
  const times = new Map<string, number>()
  for (let left = runIds; left.length > 0;) {
    const away = await beforeTimeout(awayOf(engine, left, before), timeoutMs - sinceMs())
    const now = sinceMs()
    for (const id of left) if (away?.has(id) === false) times.set(id, now)
    left = left.filter((id) => !times.has(id))
    if (left.length > 0 && (away === null || now > timeoutMs)) throw tooLate(left, runIds.length, timeoutMs)
    if (left.length > 0) await pause(LOOK_EVERY_MS)
  }
  return times
}

/** What `work` gives; null where that takes too long: a store is away. */
async function beforeTimeout<T>(work: Promise<T>, timeoutMs: number): Promise<T | null> {
  const over = new AbortController()
  const late = pause(Math.max(1, timeoutMs), null, { signal: over.signal }).catch(() => null)
  try {
    return await Promise.race([work, late])
  } finally {
    over.abort()
  }
}

/** Those of some runs that are not back. */
async function awayOf(engine: Engine, runIds: readonly string[], before: string): Promise<Set<string>> {
  await followQueueLife(engine)
  const { token } = engine.queueLife
  const runs = await readDrillRuns(engine.db, runIds)
  const queued = runs.filter(belongsInQueue)
  // Until the new life has begun, nothing in the queue counts.
  if (token === null || token === before) return new Set(queued.map(({ id }) => id))
  const isDispatched = ({ queueToken }: DrillRun) => queueToken === token
  const incomplete = await findIncomplete(
    engine,
    queued.filter(isDispatched).map(({ id }) => id),
  )
  return new Set(queued.filter((run) => !isDispatched(run) || incomplete.has(run.id)).map(({ id }) => id))
}

function belongsInQueue({ status, isHeldBack }: DrillRun): boolean {
  return !isFinished(status) && status !== 'paused' && !isHeldBack
}

function tooLate(left: readonly string[], all: number, timeoutMs: number): SluiceError {
  return new SluiceError(
    'timed_out',
    `${left.length} of ${all} runs were not back ${timeoutMs / 1_000} s after the queue was emptied. The reconciler goes on ` +
      'bringing them back: see GET /api/v1/ops/drift, and GET /api/v1/runs/{id}/why for each.',
    {
      problems: left.slice(0, MISSING_NAMED).map((id) => ({
        path: `/runs/${id}`,
        code: 'not_back',
        message: 'the queue does not have all that is due of it',
      })),
    },
  )
}
