import type { Engine } from '../../engine/engine.ts'
import { SluiceError } from '../../errors.ts'
import { LIMITS } from '../../workflow/limits.ts'
import { Feed } from './feed.ts'
import { ListHub } from './list-hub.ts'
import { RunHub } from './run-hub.ts'
import type { Kept } from './sse.ts'

/** What proxies are content with, which often cut a connection that is silent for half a minute. */
const KEEP_ALIVE_MS = 15_000

/** All streams of this process. */
export class Streams {
  readonly runs: RunHub
  readonly lists: ListHub
  private readonly feed: Feed
  private readonly open = new Set<Kept>()
  private readonly timer: NodeJS.Timeout
  private isClosed = false

  constructor(engine: Engine, options: { keepAliveMs?: number } = {}) {
    this.feed = new Feed(engine.changes)
    this.runs = new RunHub(engine, this.feed)
    this.lists = new ListHub(engine, this.feed)
    this.timer = setInterval(() => this.keepAlive(), options.keepAliveMs ?? KEEP_ALIVE_MS)
    this.timer.unref()
  }

  /** Streams that are open. */
  get size(): number {
    return this.open.size
  }

  /** Throws `unavailable` where this process takes no further stream. */
  refuseWhenFull(): void {
    if (this.isClosed) throw new SluiceError('unavailable', 'The service stops: connect again.')
    if (this.open.size < LIMITS.streams) return
    throw new SluiceError(
      'unavailable',
      `This process serves ${LIMITS.streams} streams already: try another, or later.`,
    )
  }

  /** Notes open connections, to keep them alive. */
  readonly connections = {
    open: (kept: Kept): void => void this.open.add(kept),
    close: (kept: Kept): void => void this.open.delete(kept),
  }

  /** Ends all streams, and takes no further ones: clients connect again, to another process. */
  close(): Promise<void> {
    this.isClosed = true
    clearInterval(this.timer)
    this.runs.close()
    this.lists.close()
    this.feed.end()
    return Promise.resolve()
  }

  private keepAlive(): void {
    for (const kept of this.open) kept.keepAlive()
  }
}
