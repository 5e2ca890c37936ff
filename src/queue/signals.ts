import type { Relay } from 'bullmq'
import type { Logger } from '../log.ts'
import { withTimeout } from '../timeout.ts'

/**
 * Hints from process to process, over BullMQ's relay: who listens learns of them within milliseconds, who is away does
 * not. Nothing may depend on one: the truth is in Postgres, and whoever listens also looks there from time to time.
 *
 * The relay of a process is opened by the first use. One that could not register (its store was away) never works again,
 * so it is thrown away and the next use opens another.
 */

/** How soon a subscription that could not be made is tried again. */
const SUBSCRIBE_AGAIN_MS = 1_000
/** How soon a store that was away is asked again whether it is back. */
const ASK_AGAIN_MS = 500
/** How long closing may take: with the store away, taking leave of it would wait for it. */
const CLOSE_TIMEOUT_MS = 1_000

/** Calls of a listener, until closed. */
export interface Subscription {
  /** Resolves when signals are received; while the store is away, that takes as long as it is. */
  readonly ready: Promise<void>
  close(): void
}

/** Who listens, and to what. */
interface Listener {
  pattern: string
  listen: (data: unknown) => void
  /** Called when signals may have got lost: the store was away, or forgot us. */
  onGap: () => void
}

/** Publishes and receives hints. Nothing here throws or rejects: what goes wrong is logged. */
export class Signals {
  private readonly open: () => Relay
  private readonly log: Logger
  private readonly listeners = new Set<Listener>()
  private relay: Relay | null = null
  private closed = false
  private isAsking = false

  constructor(open: () => Relay, log: Logger) {
    this.open = open
    this.log = log
  }

  /** Sends `data` to those who listen to the topic now; resolves when the store has taken it, or has failed to. */
  async publish(topic: string, data: unknown): Promise<void> {
    if ((await this.send(topic, data)) !== null || this.closed) return
    this.log.warn({ topic }, 'a signal could not be sent: whom it was for will look in Postgres')
  }

  /** As {@link publish}; tells how many processes listened, null where the store has not taken it: send it again. */
  async send(topic: string, data: unknown): Promise<number | null> {
    if (this.closed) return null
    const relay = this.current()
    try {
      return (await relay.publish(topic, data)).nodes
    } catch (error) {
      this.log.debug({ err: error, topic }, 'a signal could not be sent')
      this.drop(relay)
      return null
    }
  }

  /** Calls `listen` with the data of each signal whose topic matches the pattern; `onGap` when some may have got lost. */
  subscribe(pattern: string, listen: (data: unknown) => void, onGap: () => void = () => {}): Subscription {
    const listener = { pattern, listen, onGap }
    this.listeners.add(listener)
    const made = this.keepTrying(listener)
    return {
      ready: made.then(() => undefined),
      close: () => {
        this.listeners.delete(listener)
        made
          .then((subscription) => (this.closed ? undefined : subscription?.unsubscribe()))
          .catch((error: unknown) => this.log.debug({ err: error, pattern }, 'could not unsubscribe from signals'))
      },
    }
  }

  async close(): Promise<void> {
    this.closed = true
    const relay = this.relay
    if (relay === null) return
    await withTimeout(relay.close(), CLOSE_TIMEOUT_MS).catch(() => undefined)
  }

  private async keepTrying(listener: Listener): Promise<Awaited<ReturnType<Relay['subscribe']>> | null> {
    const { pattern, listen } = listener
    while (!this.closed && this.listeners.has(listener)) {
      const relay = this.current()
      try {
        return await relay.subscribe(pattern, (message) => listen(message.data))
      } catch (error) {
        this.log.debug({ err: error, pattern }, 'could not subscribe to signals: trying again')
        this.drop(relay)
      }
      await pause(SUBSCRIBE_AGAIN_MS)
    }
    return null
  }

  private current(): Relay {
    this.relay ??= this.watched(this.open())
    return this.relay
  }

  /** A relay of whose gaps the listeners are told. */
  private watched(relay: Relay): Relay {
    relay.on('recovered', () => this.tellOfGap())
    relay.on('lag', () => this.tellOfGap())
    relay.on('error', () => void this.askUntilBack(relay))
    return relay
  }

  /** After an error, what was sent until the store answers again may be lost. */
  private async askUntilBack(relay: Relay): Promise<void> {
    if (this.isAsking || this.listeners.size === 0) return
    this.isAsking = true
    while (!this.closed && this.relay === relay) {
      try {
        await relay.publish('ask', null)
        break
      } catch {
        await pause(ASK_AGAIN_MS)
      }
    }
    this.isAsking = false
    this.tellOfGap()
  }

  private tellOfGap(): void {
    if (this.closed) return
    for (const { onGap } of this.listeners) onGap()
  }

  /** Forgets a relay that never came up; one that is up heals by itself, and keeps its subscriptions. */
  private drop(relay: Relay): void {
    relay.waitUntilReady().catch(() => {
      if (this.relay === relay) this.relay = null
      void relay.close().catch(() => undefined)
    })
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
}
