import {
  findQuietRuns,
  readLiveEpochs,
  readQuietRuns,
  findForsaken,
  wakeForsaken,
  type Quiet,
  type QuietRun,
} from '../db/sweep.ts'
import { agreeOnWaiting, findDueSteps } from '../db/park.ts'
import { redispatch } from './dispatch.ts'
import { dueChildren, dueSteps, isGone, isRootDue, presenceOf, rootJobOf, type DueJob } from './due-jobs.ts'
import type { Engine } from './engine.ts'
import { abandonOverdueMap } from './map-time-limit.ts'
import { explainRun, findUnexplained } from './explain.ts'
import { QUIET_MS } from './quiet.ts'
import { wakeSteps } from './wake.ts'

/**
 * The sweep compares runs in which nothing happens with the queue: a step that is due in Postgres must have a job that
 * can come up. It repairs what no signal tells of: jobs that someone deleted, a run whose dispatch crashed, the last
 * second that Redis lost.
 */

/** Runs of one look, as long as Postgres does not take long to read what is unsettled of them: their items may be many. */
const RUNS_PER_SWEEP = 250
const FEWEST_RUNS_PER_SWEEP = 8
/** A look that takes longer is halved the next time, one that takes less than a quarter of that doubled. */
const LONG_LOOK_MS = 400
/** Lookups in the queue that one look may cost, shared among its runs; of a run with more due jobs, some are sampled. */
const LOOKUPS_PER_SWEEP = 500
/** How late the waking of a parked step must be to count as lost; its job itself looks at the time. */
const LATE_MS = 300
/** Parked steps woken in one look. */
const DUE_PER_SWEEP = 1_000
/** How long nothing must have happened in a run with parked steps for it to count as waiting. */
const WAITING_AFTER_MS = 300
/** Runs with parked steps whose status is brought up to date in one look. */
const PARKED_PER_SWEEP = 500
/** Runs that nothing explains which the log names at one look. */
const RUNS_TOLD = 10
/** Gates of one look. */
const GATES_PER_SWEEP = 200

/** What a sweep did. */
export interface SweepResult {
  looked: number
  redispatched: number
}

/** Goes through unfinished runs, and through gates, a page at a time. */
export class Sweep {
  private readonly engine: Engine
  private cursor: string | null = null
  private runsPerSweep = RUNS_PER_SWEEP
  private gateOffset = 0
  private parkedAfter: string | null = null

  constructor(engine: Engine) {
    this.engine = engine
  }

  /** Starts again from the oldest run. */
  rewind(): void {
    this.cursor = null
  }

  /** Looks at the next page of runs and dispatches anew those that the queue has lost. */
  async nextRuns(): Promise<SweepResult> {
    const quiet: Quiet = { quietMs: QUIET_MS, lockDurationMs: this.engine.lockDurationMs }
    const beganAt = performance.now()
    const page = await findQuietRuns(this.engine.db, { ...quiet, cursor: this.cursor, limit: this.runsPerSweep })
    this.runsPerSweep = runsPerSweep(this.runsPerSweep, performance.now() - beganAt)
    this.cursor = page.cursor
    const suspects = await this.forsakenRuns(page.runs)
    const lookups = Math.ceil(LOOKUPS_PER_SWEEP / Math.max(1, page.runs.length))
    for (const run of page.runs) {
      if (!suspects.includes(run.id) && (await this.isLost(run, lookups))) suspects.push(run.id)
    }
    // A job that is gone from the queue may have done its work since the page was read: then its run is not quiet now.
    const lost =
      suspects.length === 0 ? [] : (await readQuietRuns(this.engine.db, suspects, quiet)).map((run) => run.id)
    if (lost.length > 0) {
      await this.tellOf(lost)
      await dispatchAnew(this.engine, lost)
    }
    return { looked: page.runs.length, redispatched: lost.length }
  }

  /** Logs which runs nothing explains, of many the first by name. A run that is explained by now is dispatched all the same. */
  private async tellOf(lost: readonly string[]): Promise<void> {
    for (const id of lost.slice(0, RUNS_TOLD)) {
      const explained = await explainRun(this.engine, id)
      const unexplained = explained && findUnexplained(explained)
      if (unexplained) {
        const { step, text: why } = unexplained
        this.engine.log.warn({ run: id, step, why }, 'nothing explains why the run does not go on: dispatching it anew')
      } else {
        this.engine.log.warn({ run: id }, 'the queue did not know what is due of a run: dispatching it anew')
      }
    }
    if (lost.length <= RUNS_TOLD) return
    this.engine.log.warn({ runs: lost.length - RUNS_TOLD }, 'the same holds for more runs: dispatching them anew, too')
  }

  private async forsakenRuns(runs: readonly QuietRun[]): Promise<string[]> {
    const waiting = runs.filter(
      ({ hasChildren, parked, backingOff }) => hasChildren || [...parked, ...backingOff].includes(true),
    )
    const ids = waiting.map((run) => run.id)
    return ids.length === 0 ? [] : findForsaken(this.engine.db, ids)
  }

  /** Wakes parked steps whose hint got lost, ends maps whose time is up, and brings the status of a page of runs with parked steps up to date. */
  async parkedSteps(): Promise<void> {
    const due = await findDueSteps(this.engine.db, LATE_MS, DUE_PER_SWEEP)
    wakeSteps(
      this.engine,
      due.filter((step) => !step.isMap),
    )
    for (const { run, index, isMap } of due) {
      if (isMap) await abandonOverdueMap(this.engine, { runId: run, stepIndex: index })
    }
    const { last, changed } = await agreeOnWaiting(this.engine.db, {
      quietMs: WAITING_AFTER_MS,
      after: this.parkedAfter,
      limit: PARKED_PER_SWEEP,
    })
    this.parkedAfter = last
    this.engine.changes.runs(changed)
  }

  /** Removes gates of runs that have ended or moved on to another epoch, so that what they held runs dry. */
  async nextGates(): Promise<number> {
    const gates = await this.engine.queue.listGates(this.gateOffset, this.gateOffset + GATES_PER_SWEEP - 1)
    const epochs = await readLiveEpochs(this.engine.db, [...new Set(gates.map((gate) => gate.run))])
    const dead = gates.filter((gate) => epochs.get(gate.run) !== gate.epoch)
    await this.engine.queue.openParked(dead)
    this.gateOffset = gates.length === 0 ? 0 : Math.max(0, this.gateOffset + GATES_PER_SWEEP - dead.length)
    return dead.length
  }

  private async isLost(run: QuietRun, lookups: number): Promise<boolean> {
    if (this.engine.dispatching.has(run.id)) return false
    const workflow = await this.engine.versions.get(run.versionId)
    const due = isRootDue(run) ? [rootJobOf(run)] : [...dueChildren(run, workflow), ...dueSteps(run, workflow)]
    for (const job of sample(due, lookups)) {
      if (await this.isJobLost(job)) return true
    }
    return false
  }

  /**
   * A job that is due and held back gets its gate opened, which brings it up at once. One that this does not bring up is
   * beyond that remedy: what it waits for in the queue is not what it waits for in Postgres, as with a map that timed out.
   */
  private async isJobLost(job: DueJob): Promise<boolean> {
    const presence = await presenceOf(this.engine, job)
    if (presence !== 'parked') return isGone(presence)
    await this.engine.queue.openParked([job.address])
    return (await presenceOf(this.engine, job)) === 'parked'
  }
}

/** Dispatches runs anew whose jobs the queue has lost; returns how many the queue took. */
export async function dispatchAnew(engine: Engine, runIds: readonly string[]): Promise<number> {
  await wakeForsaken(engine.db, runIds)
  return redispatch(engine, runIds)
}

/** How many runs the next look takes after one at `runs` of them took so long, milliseconds. */
export function runsPerSweep(runs: number, tookMs: number): number {
  if (tookMs > LONG_LOOK_MS) return Math.max(FEWEST_RUNS_PER_SWEEP, Math.floor(runs / 2))
  return tookMs < LONG_LOOK_MS / 4 ? Math.min(RUNS_PER_SWEEP, runs * 2) : runs
}

/** At most `size` of the items, at random places, so that repeated looks see all of them. */
function sample<Item>(items: readonly Item[], size: number): Item[] {
  if (items.length <= size) return [...items]
  const start = Math.floor(Math.random() * items.length)
  return Array.from({ length: size }, (_, offset) => items[(start + offset) % items.length]!)
}
