import { Redis } from 'ioredis'

/**
 * Most commands of one write. A commit may end 50 jobs in one turn: were they all written at its end, Redis would have nothing to
 * do for 10 ms, and we nothing after that.
 */
const COMMANDS_PER_WRITE = 8

/**
 * A connection that sends what one turn of the event loop asks for in few writes. When a commit is answered, the jobs of many
 * steps end in the same turn; written one by one, each would cost us a system call and Redis a reading, and the answers
 * would come one by one, too. Order, errors and reconnection are those of ioredis. (Its own auto-pipelining keeps one
 * pipeline under way, so that each waits for the one before.)
 */
export class GatheringRedis extends Redis {
  private corked: Pick<Redis['stream'], 'cork' | 'uncork'> | null = null
  private gathered = 0

  override sendCommand(...sent: Parameters<Redis['sendCommand']>): unknown {
    this.gather()
    const reply = super.sendCommand(...sent)
    this.gathered += 1
    if (this.gathered === COMMANDS_PER_WRITE) this.write()
    return reply
  }

  /** Holds writes back until this turn, with all the promises that it resolves, is over. */
  private gather(): void {
    const stream = this.stream as Redis['stream'] | undefined
    if (stream === undefined || this.corked === stream) return
    stream.cork()
    this.corked = stream
    this.gathered = 0
    process.nextTick(() => {
      stream.uncork()
      if (this.corked === stream) this.corked = null
    })
  }

  /** Writes what has been gathered, and goes on gathering. */
  private write(): void {
    this.corked?.uncork()
    this.corked?.cork()
    this.gathered = 0
  }
}
