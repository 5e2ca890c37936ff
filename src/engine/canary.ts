import { CANARY_JOB } from '../queue/names.ts'
import type { Engine } from './engine.ts'
import type { QueueServer, ServedQueue } from './serve-queues.ts'

/**
 * Liveness by work. A worker object can look alive after a failover and take nothing any more, so each process sends a
 * job through every queue that it serves, now and then. A queue that has room, has been sent canaries while its store
 * answered, and has brought this worker no job at all for `deadlineMs`, is not being served: then the process gives up,
 * and its supervisor starts it anew.
 *
 * Canaries go to whichever worker of the queue is next; BullMQ's workers take turns while idle, so each gets its share.
 */

/** How canaries are sent, in milliseconds. */
export interface CanaryOptions {
  intervalMs: number
  deadlineMs: number
  concurrency: number
  /** Called once, with the queue that is not being served. */
  onDead: (queue: string) => void
}

/** Rounds of canaries in a row that must have been sent before silence means anything. */
const ROUNDS_BEFORE_DEATH = 3

/** Starts sending canaries; returns what stops it. */
export function startCanaries(engine: Engine, server: QueueServer, options: CanaryOptions): () => void {
  let rounds = 0
  let sending = false
  const tick = async () => {
    if (sending) return
    sending = true
    try {
      await engine.queue.connection.ping()
      if (await isAnyPaused(engine, server)) {
        rounds = 0
        return
      }
      const dead = rounds >= ROUNDS_BEFORE_DEATH ? server.workers.find((queue) => isDead(queue, options)) : undefined
      if (dead) {
        clearInterval(timer)
        options.onDead(dead.name)
        return
      }
      await Promise.all(server.workers.map((queue) => engine.queue.addCanary(queue.name, CANARY_JOB)))
      rounds += 1
    } catch {
      // The store is away: silence means nothing until it has been back for a while.
      rounds = 0
    } finally {
      sending = false
    }
  }
  const timer = setInterval(() => void tick(), options.intervalMs)
  return () => clearInterval(timer)
}

/** A queue that someone has paused brings no jobs, and canaries would only pile up in it. */
async function isAnyPaused(engine: Engine, server: QueueServer): Promise<boolean> {
  const paused = await Promise.all(server.workers.map((queue) => engine.queue.isPaused(queue.name)))
  return paused.includes(true)
}

function isDead(queue: ServedQueue, options: CanaryOptions): boolean {
  return queue.active < options.concurrency && performance.now() - queue.lastActivityMs > options.deadlineMs
}
