import { Redis } from 'ioredis'

/**
 * A connection that sends what one turn of the event loop asks for in one write. When a commit is answered, the jobs of many
 * steps end in the same turn; written one by one, each would cost us a system call and Redis a reading, and the answers
 * would come one by one, too. Order, errors and reconnection are those of ioredis. (Its own auto-pipelining keeps one
 * pipeline under way, so that each waits for the one before.)
 */
export class GatheringRedis extends Redis {
  private corked: { uncork(): void } | null = null

  override sendCommand(...sent: Parameters<Redis['sendCommand']>): unknown {
    this.gather()
    return super.sendCommand(...sent)
  }

  /** Holds writes back until this turn, with all the promises that it resolves, is over. */
  private gather(): void {
    const stream = this.stream as Redis['stream'] | undefined
    if (stream === undefined || this.corked === stream) return
    stream.cork()
    this.corked = stream
    process.nextTick(() => {
      stream.uncork()
      if (this.corked === stream) this.corked = null
    })
  }
}
