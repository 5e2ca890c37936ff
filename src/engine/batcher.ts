import { isRetryable } from '../db/retryable.ts'
import type { Logger } from '../log.ts'

/** How a {@link Batcher} works. */
export interface BatcherOptions<Item, Result> {
  name: string
  /** Does all items in one round trip; results in the order of the items. */
  flush: (items: Item[]) => Promise<Result[]>
  /** Batches under way at once. */
  inFlight: number
  /** Most items of one batch. */
  maxItems: number
  /** Whether items may be done twice: what may have been done is sent again. Else it is rejected; true. */
  repeatable?: boolean
  log: Logger
}

interface Entry<Item, Result> {
  item: Item
  resolve: (result: Result) => void
  reject: (error: unknown) => void
}

const MAX_RETRY_DELAY_MS = 1_000

/**
 * Collects what many steps want from Postgres at the same moment into one statement. Nothing waits for company: an item
 * leaves at once while fewer than `inFlight` batches are under way, and with all that has gathered when one returns.
 *
 * While Postgres cannot be reached, batches are sent again until it can, or, where items are not to be repeated, all of
 * them fail. A batch that fails for any other reason is taken apart and sent item by item, so that one bad row hurts only
 * itself.
 *
 * `inFlight` of 2 is tuned for a Postgres on two shared cores: see `npm run bench`.
 */
export class Batcher<Item, Result> {
  private readonly options: BatcherOptions<Item, Result>
  private queue: Entry<Item, Result>[] = []
  private running = 0
  private scheduled = false

  constructor(options: BatcherOptions<Item, Result>) {
    this.options = options
  }

  /** Does one item with the next batch. Rejects if that very item cannot be done. */
  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.queue.push({ item, resolve, reject })
      this.schedule()
    })
  }

  /** Resolves when nothing is queued or under way. */
  async drained(): Promise<void> {
    while (this.queue.length > 0 || this.running > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  /** Batches start on the next turn of the event loop, so that all that became due in this turn travels together. */
  private schedule(): void {
    if (this.scheduled || this.running >= this.options.inFlight || this.queue.length === 0) return
    this.scheduled = true
    setImmediate(() => {
      this.scheduled = false
      this.launch()
      this.schedule()
    })
  }

  private launch(): void {
    if (this.running >= this.options.inFlight || this.queue.length === 0) return
    const batch = this.queue.splice(0, this.options.maxItems)
    this.running += 1
    void this.run(batch).finally(() => {
      this.running -= 1
      this.schedule()
    })
  }

  private async run(batch: Entry<Item, Result>[]): Promise<void> {
    try {
      const results = await this.persist(batch.map((entry) => entry.item))
      batch.forEach((entry, index) => entry.resolve(results[index] as Result))
    } catch (error) {
      if (batch.length === 1 || isRetryable(error)) {
        for (const entry of batch) entry.reject(error)
        return
      }
      this.options.log.warn(
        { err: error, batch: this.options.name, items: batch.length },
        'a batch failed: sending its items one by one',
      )
      for (const entry of batch) await this.run([entry])
    }
  }

  private async persist(items: Item[]): Promise<Result[]> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.options.flush(items)
      } catch (error) {
        if (this.options.repeatable === false || !isRetryable(error)) throw error
        this.options.log.warn(
          { err: error, batch: this.options.name, attempt },
          'Postgres did not answer: sending the batch again',
        )
        await new Promise((resolve) => setTimeout(resolve, Math.min(20 * 2 ** attempt, MAX_RETRY_DELAY_MS)))
      }
    }
  }
}
