import type { Message } from './message.ts'

/**
 * What one client is still to be told. It holds no messages but what has changed since it was last asked: a client that
 * reads slowly gets the newest state, and keeps no memory of what was in between.
 *
 * States: open; over, when the last message has been taken, or the service stops. A transport asks (`take`) whenever the
 * client can take more, and otherwise waits to be woken.
 */
export interface Source {
  /** Called when there is something to take, or nothing will come any more. */
  wake: () => void
  /** Messages of some `maxLength` characters together, at least one where there is any; they count as sent. */
  take(maxLength: number): Message[]
  /** Whether all has been taken and nothing will come. */
  readonly isOver: boolean
  /** Whether it is over because all was told. */
  readonly hasEnded: boolean
  /** The client is gone, or the service stops. */
  close(): void
}
