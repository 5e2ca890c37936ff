import { agreeOnWaitingOf } from '../db/park.ts'
import { messageOf } from '../errors.ts'
import type { Engine } from './engine.ts'

/** How long nothing may have happened in a run before it is looked at: what follows on a step most often begins within that. */
const QUIET_MS = 100

/**
 * Has the status of runs agree with their steps soon after these have changed: `waiting` where nothing runs and something is
 * parked, else `running`. Steps change without looking at the others of their run; so a run is looked at once its steps have
 * been quiet for a moment, many at a time. What a process that dies leaves undone the reconciler does.
 */
export class WaitingRuns {
  private readonly engine: Engine
  /** When a step of each last changed, in the order of that. */
  private readonly changedAt = new Map<string, number>()
  private timer: NodeJS.Timeout | null = null

  constructor(engine: Engine) {
    this.engine = engine
  }

  /** A step of a run has settled, or begun to wait. */
  changed(run: string): void {
    this.changedAt.delete(run)
    this.changedAt.set(run, performance.now())
    this.arm(QUIET_MS)
  }

  private arm(inMs: number): void {
    this.timer ??= setTimeout(() => {
      this.timer = null
      void this.agree()
    }, inMs).unref()
  }

  private async agree(): Promise<void> {
    const quietSince = performance.now() - QUIET_MS
    const quiet: string[] = []
    for (const [run, at] of this.changedAt) {
      if (at > quietSince) {
        this.arm(at - quietSince)
        break
      }
      quiet.push(run)
    }
    for (const run of quiet) this.changedAt.delete(run)
    if (quiet.length === 0) return
    try {
      this.engine.changes.runs(await agreeOnWaitingOf(this.engine.db, quiet))
    } catch (error) {
      this.engine.log.debug(`could not see whether runs wait: ${messageOf(error)}`)
    }
  }
}
