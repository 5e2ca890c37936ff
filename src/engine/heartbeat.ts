import { beat, touchActions } from '../db/workers.ts'
import type { Engine } from './engine.ts'

/** Every so many beats, the worker's actions are noted as seen. */
const BEATS_PER_TOUCH = 30

/** A beating worker. */
export interface Heartbeat {
  stop(): void
}

/** Beats every `intervalMs`. `onGone` is called when the worker's row no longer exists. */
export function startHeartbeat(engine: Engine, options: { workerId: string; intervalMs: number; onGone: () => void }): Heartbeat {
  let beats = 0
  let beating = false
  const tick = async () => {
    // One at a time: while Postgres is away, beats must not pile up.
    if (beating) return
    beating = true
    try {
      if (!(await beat(engine.db, options.workerId))) options.onGone()
      if (++beats % BEATS_PER_TOUCH === 0) await touchActions(engine.db, options.workerId)
    } catch (error) {
      engine.log.warn({ err: error }, 'a heartbeat did not reach Postgres')
    } finally {
      beating = false
    }
  }
  const timer = setInterval(() => void tick(), options.intervalMs)
  return { stop: () => clearInterval(timer) }
}
