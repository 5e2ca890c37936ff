import type { JobAddress } from '../queue/names.ts'
import { isQueueAway } from './dispatch.ts'
import type { Engine } from './engine.ts'

/**
 * Has parked steps looked at again. A hint: Postgres holds what they wait for (`steps.wake_at` was set in the transaction
 * that recorded it), so a hint that is lost, with the queue away or its process killed, is made up for by the leader's
 * tick. Nobody waits for it; while the queue is away it is not given, for it would stay in memory until the queue is back.
 */
export function wakeSteps(engine: Engine, steps: readonly JobAddress[]): void {
  if (steps.length === 0 || isQueueAway(engine)) return
  engine.queue.openParked(steps).catch((error: unknown) => {
    engine.log.warn({ err: error, steps: steps.length }, 'parked steps could not be woken: the sweep will see to them')
  })
}
