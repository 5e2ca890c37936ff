import { listAliveWorkers } from '../db/stats.ts'
import type { Engine } from './engine.ts'

/**
 * A worker that dies may have committed what it had no time to tell those who watch. So where one that lived at the last
 * look lives no more, all that is watched is read again. Only the leader looks; a new leader knows nothing of before.
 */
export class LostWorkers {
  private readonly engine: Engine
  private known: ReadonlySet<string> | null = null

  constructor(engine: Engine) {
    this.engine = engine
  }

  /** Looks, and tells. */
  async tick(): Promise<void> {
    const workers = await listAliveWorkers(this.engine.db, this.engine.lockDurationMs)
    const alive = new Set(workers.map((worker) => worker.id))
    const isAnyLost = this.known === null || [...this.known].some((id) => !alive.has(id))
    this.known = alive
    if (isAnyLost) this.engine.changes.all()
  }

  /** Leadership is lost. */
  forget(): void {
    this.known = null
  }
}
