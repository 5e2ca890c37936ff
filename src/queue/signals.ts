import type { Relay } from 'bullmq'
import type { Logger } from '../log.ts'

/**
 * Hints from process to process, over BullMQ's relay: who listens learns of them within milliseconds, who is away does
 * not. Nothing may depend on one: the truth is in Postgres, and whoever listens also looks there from time to time.
 *
 * The relay of a process is opened by the first use. One that could not register (its store was away) never works again,
 * so it is thrown away and the next use opens another.
 */

/** How soon a subscription that could not be made is tried again. */
const SUBSCRIBE_AGAIN_MS = 1_000
/** How long closing may take: with the store away, taking leave of it would wait for it. */
const CLOSE_TIMEOUT_MS = 1_000

/** Publishes and receives hints. Nothing here throws or rejects: what goes wrong is logged. */
export class Signals {
  private readonly open: () => Relay
  private readonly log: Logger
  private relay: Relay | null = null
  private closed = false

  constructor(open: () => Relay, log: Logger) {
    this.open = open
    this.log = log
  }

  /** Sends `data` to those who listen to the topic now; resolves when the store has taken it, or has failed to. */
  async publish(topic: string, data: unknown): Promise<void> {
    if (this.closed) return
    const relay = this.current()
    try {
      await relay.publish(topic, data)
    } catch (error) {
      this.log.warn({ err: error, topic }, 'a signal could not be sent: whom it was for will look in Postgres')
      this.drop(relay)
    }
  }

  /** Calls `listener` with the data of each signal whose topic matches the pattern, until closed. */
  subscribe(pattern: string, listener: (data: unknown) => void): void {
    void this.keepTrying(pattern, listener)
  }

  async close(): Promise<void> {
    this.closed = true
    const relay = this.relay
    if (relay === null) return
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_TIMEOUT_MS)
    })
    await Promise.race([relay.close().catch(() => undefined), late])
    clearTimeout(timer)
  }

  private async keepTrying(pattern: string, listener: (data: unknown) => void): Promise<void> {
    while (!this.closed) {
      const relay = this.current()
      try {
        await relay.subscribe(pattern, (message) => listener(message.data))
        return
      } catch (error) {
        this.log.debug({ err: error, pattern }, 'could not subscribe to signals: trying again')
        this.drop(relay)
      }
      await new Promise((resolve) => setTimeout(resolve, SUBSCRIBE_AGAIN_MS).unref())
    }
  }

  private current(): Relay {
    this.relay ??= this.open()
    return this.relay
  }

  /** Forgets a relay that never came up; one that is up heals by itself, and keeps its subscriptions. */
  private drop(relay: Relay): void {
    relay.waitUntilReady().catch(() => {
      if (this.relay === relay) this.relay = null
      void relay.close().catch(() => undefined)
    })
  }
}
