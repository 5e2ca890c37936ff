import { beat, touchActions } from '../db/workers.ts'
import type { Engine } from './engine.ts'

/** Every so many beats, the worker's actions are noted as seen. */
const BEATS_PER_TOUCH = 30

/** A beating worker. */
export interface Heartbeat {
  /**
   * Whether this worker has beaten without a gap for long enough that the others have had their turn, too. After an
   * outage of Postgres everyone looks silent for a moment; whoever is not steady yet must not call another dead.
   */
  isSteady(): boolean
  stop(): void
}

/** Beats every `intervalMs`, and calls `onBeat` each time. `onGone` is called when the worker's row no longer exists. */
export function startHeartbeat(
  engine: Engine,
  options: { workerId: string; intervalMs: number; onGone: () => void; onBeat: () => Promise<void> },
): Heartbeat {
  let beats = 0
  let beating = false
  // The announcement was the first beat.
  let lastBeatMs = performance.now()
  let steadySinceMs = Number.NEGATIVE_INFINITY
  const tick = async () => {
    // One at a time: while Postgres is away, beats must not pile up.
    if (beating) return
    beating = true
    try {
      if (!(await beat(engine.db, options.workerId))) options.onGone()
      const now = performance.now()
      if (now - lastBeatMs > 2 * options.intervalMs) steadySinceMs = now
      lastBeatMs = now
      await options.onBeat()
      if (++beats % BEATS_PER_TOUCH === 0) await touchActions(engine.db, options.workerId)
    } catch (error) {
      engine.log.warn({ err: error }, 'a heartbeat did not reach Postgres')
    } finally {
      beating = false
    }
  }
  const timer = setInterval(() => void tick(), options.intervalMs)
  return {
    isSteady() {
      const now = performance.now()
      return now - lastBeatMs <= 2 * options.intervalMs && now - steadySinceMs >= 2 * options.intervalMs
    },
    stop: () => clearInterval(timer),
  }
}
