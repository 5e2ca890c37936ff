import { setTimeout as pause } from 'node:timers/promises'
import { listServedQueues } from '../db/actions.ts'
import { hasPending } from '../db/pending-controls.ts'
import { findUndispatched } from '../db/sweep.ts'
import { Leadership } from '../db/leadership.ts'
import { analyzeOutgrown } from '../db/statistics.ts'
import { removeDeadWorkers } from '../db/workers.ts'
import { withTimeout } from '../timeout.ts'
import { Admission, failOverdue } from './admit.ts'
import { carryOutPending } from './bulk.ts'
import { redispatch } from './dispatch.ts'
import type { Engine } from './engine.ts'
import { LostWorkers } from './lost-workers.ts'
import { QueueWatch } from './queue-life.ts'
import { Scheduler } from './schedule.ts'
import { Sweep } from './sweep.ts'

/**
 * The reconciler makes the queue agree with Postgres. Every API process runs one; the one that holds the advisory lock
 * is active, the others follow. A tick:
 *
 * 0. start the runs of schedules that are due, fail those whose time is up, and go on with bulk controls whose process
 *    died. That needs no queue, and goes on where one that went away keeps the others waiting; and, last of all, have
 *    BullMQ wake us for the schedules
 * 1. has the queue lost its data? (a new life: {@link QueueWatch.check})
 * 2. dispatch the unfinished runs that were not added to the queue's present life
 * 3. wake the parked steps whose waking got lost
 * 4. sweep a page of runs in which nothing happens, and of gates that may be left over
 * 5. forget finished jobs, where the queue does not do so by itself
 * 6. admit the runs whose turn it is
 *
 * Before it does, each looks whether the work is still on its own queue: where the fleet has moved to another, a process
 * that was left behind does not lead ({@link QueueWatch}).
 *
 * Where a worker or the queue is gone, all that people watch is read again: somebody may not have told what had changed.
 *
 * Nothing here decides anything about a step; the worst that a needless dispatch costs is a few stale jobs.
 */

/** Runs dispatched in one go. */
const RUNS_PER_BATCH = 100
/** Every so many ticks, rows of workers long dead are removed. */
const HOUSEKEEPING_TICKS = 1_000
/** Longest that a tick may wait for the queue. What is under way then goes on, and the next tick waits for it. */
const QUEUE_TIMEOUT_MS = 5_000

/** A running reconciler. */
export interface Reconciler {
  /** Whether this process is the active one. */
  readonly leads: boolean
  /** Ends after the tick under way, and gives leadership up. */
  stop(): Promise<void>
}

/** Starts ticking every `intervalMs`. A tick that fails (a store is away) is logged and tried again. */
export function startReconciler(engine: Engine, options: { databaseUrl: string; intervalMs: number }): Reconciler {
  const task = `reconciler ${engine.queue.connection.prefix}`
  const leadership = new Leadership({ url: options.databaseUrl, task, log: engine.log })
  const sweep = new Sweep(engine)
  const scheduler = new Scheduler(engine)
  const admission = new Admission(engine)
  const lostWorkers = new LostWorkers(engine)
  const watch = new QueueWatch(engine)
  const life = { stopped: false }
  let leads = false
  let wake = () => {}
  let ticks = 0
  let underWay: Promise<void> | null = null
  let bulk: Promise<void> | null = null

  const tick = async () => {
    const isHeld = watch.mayLead() && (await leadership.hold())
    // With the lock in hand, nobody else moves the work any more.
    await watch.look()
    leads = isHeld && watch.mayLead()
    if (!leads) {
      await leadership.release()
      lostWorkers.forget()
      return
    }
    await scheduler.fire()
    await failOverdue(engine)
    if (await hasPending(engine.db)) bulk ??= carryOutPending(engine, () => life.stopped).finally(() => (bulk = null))
    await lostWorkers.tick()
    const tables = await analyzeOutgrown(engine.db)
    if (tables.length > 0) engine.log.debug({ tables }, 'analyzed tables that had outgrown their statistics')
    if (ticks++ % HOUSEKEEPING_TICKS === 0) await removeDeadWorkers(engine.db)
    underWay ??= withQueue().finally(() => (underWay = null))
    await Promise.race([underWay, pause(QUEUE_TIMEOUT_MS, undefined, { ref: false })])
  }
  const withQueue = async () => {
    try {
      await withTimeout(engine.queue.connection.ping(), QUEUE_TIMEOUT_MS, 'the queue did not answer')
      await reconcile(engine, sweep, watch, () => life.stopped || !leads)
      await admission.tick()
      await scheduler.syncHints()
    } catch (error) {
      engine.log.warn({ err: error }, 'the reconciler could not work: trying again')
    }
  }
  const loop = async () => {
    while (!life.stopped) {
      try {
        await tick()
      } catch (error) {
        engine.log.warn({ err: error }, 'the reconciler could not work: trying again')
      }
      if (life.stopped) break
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, options.intervalMs)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    await bulk
    await scheduler.stop()
    await leadership.release()
  }
  const done = loop()
  return {
    get leads() {
      return leads
    },
    stop() {
      life.stopped = true
      wake()
      return done
    },
  }
}

/** One round of reconciling. Forgotten runs are dispatched until `isOver`: the process stops, or leads no more. */
export async function reconcile(
  engine: Engine,
  sweep: Sweep,
  watch: QueueWatch,
  isOver: () => boolean = () => false,
): Promise<void> {
  const life = await watch.check()
  if (life.kind === 'left') return
  if (life.kind !== 'same') engine.changes.all()
  if (life.kind === 'lost') engine.log.warn('the queue has lost its data: dispatching all unfinished runs')
  if (life.kind === 'restarted') {
    engine.log.warn('Redis was restarted: comparing all unfinished runs with it')
    sweep.rewind()
  }
  await dispatchForgotten(engine, isOver)
  await sweep.parkedSteps()
  await sweep.nextRuns()
  await sweep.nextGates()
  await engine.queue.forgetFinished(await listServedQueues(engine.db))
}

/**
 * Dispatches the unfinished runs that the queue's present life does not know, each once: where another process begins a new
 * life meanwhile, they are not gone round for ever.
 */
async function dispatchForgotten(engine: Engine, isOver: () => boolean): Promise<void> {
  let after: string | null = null
  while (!isOver()) {
    const { token } = engine.queueLife
    if (token === null) return
    const ids = await findUndispatched(engine.db, token, { after, limit: RUNS_PER_BATCH })
    if (ids.length === 0) return
    const dispatched = await redispatch(engine, ids)
    engine.log.info({ runs: dispatched }, 'dispatched runs that the queue did not know')
    if (dispatched === 0) return
    after = ids.at(-1)!
  }
}
