import { LRUCache } from 'lru-cache'
import type { Finished } from '../db/run-end.ts'
import { admitSoon } from './admit.ts'
import type { Engine } from './engine.ts'
import { wakeSteps } from './wake.ts'

/** Runs that this process has ended a moment ago, most likely without their root jobs having come up yet. */
const REMEMBERED = 10_000

/** What follows from the end of runs, whichever commit ended them. */
export class EndedRuns {
  private readonly engine: Engine
  private readonly epochs = new LRUCache<string, number>({ max: REMEMBERED })
  private readonly onEnd: (run: string) => void

  /** `onEnd`: told of each run that this process has ended. */
  constructor(engine: Engine, onEnd: (run: string) => void) {
    this.engine = engine
    this.onEnd = onEnd
  }

  /** Tells whoever watches the runs, waits for them, or waits for their slots. */
  tell({ done, parents, slots }: Finished): void {
    if (done.size === 0) return
    for (const [run, epoch] of done) {
      this.epochs.set(run, epoch)
      this.onEnd(run)
    }
    this.engine.changes.runs(done.keys())
    wakeSteps(this.engine, parents)
    admitSoon(this.engine, slots)
  }

  /** Whether this process has ended a run at this epoch; false: it does not know. */
  has(run: string, epoch: number): boolean {
    return this.epochs.get(run) === epoch
  }
}
