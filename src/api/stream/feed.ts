import type { ChangeListener, Changes } from '../../engine/changes.ts'
import { withTimeout } from '../../timeout.ts'

/** How long to wait for the first signals to be received; while their store is away, streams begin without. */
const READY_TIMEOUT_MS = 1_000
/** How long signals are still received when nobody watches any more. */
const LINGER_MS = 10_000

/** The changes of runs, received while somebody in this process watches. */
export class Feed {
  private readonly changes: Changes
  private readonly listeners: ChangeListener[] = []
  private subscription: ReturnType<Changes['subscribe']> | null = null
  private holders = 0
  private linger: NodeJS.Timeout | null = null

  constructor(changes: Changes) {
    this.changes = changes
  }

  /** Has `listener` told of changes whenever anybody watches. */
  tell(listener: ChangeListener): void {
    this.listeners.push(listener)
  }

  /** Resolves when what changes from now on is told; {@link release} goes with it. */
  async hold(): Promise<void> {
    this.holders += 1
    if (this.linger !== null) clearTimeout(this.linger)
    this.linger = null
    this.subscription ??= this.changes.subscribe((changes) => this.pass(changes))
    const { ready } = this.subscription
    try {
      await withTimeout(ready, READY_TIMEOUT_MS)
    } catch {
      // What changes until then is told by nobody.
      void ready.then(() => this.pass(null))
    }
  }

  release(): void {
    this.holders -= 1
    if (this.holders > 0) return
    this.linger = setTimeout(() => this.end(), LINGER_MS)
    this.linger.unref()
  }

  /** Receives nothing any more. */
  end(): void {
    if (this.linger !== null) clearTimeout(this.linger)
    this.linger = null
    this.subscription?.close()
    this.subscription = null
  }

  private pass(changes: Parameters<ChangeListener>[0]): void {
    for (const listener of this.listeners) listener(changes)
  }
}
