import type { Logger } from '../../log.ts'

/** How a {@link Pace} works. */
export interface PaceOptions {
  work: () => Promise<void>
  /** Least time from one start to the next. */
  gapMs: number
  /** Times as much rest as work took: what it may cost at most. */
  rest: number
  /** Time until work that failed is tried again. */
  againMs: number
  log: Logger
}

/**
 * Does work when asked: at once, or when its time has come; once for all who ask meanwhile; never twice at the same
 * moment.
 */
export class Pace {
  private readonly options: PaceOptions
  private timer: NodeJS.Timeout | null = null
  private isWorking = false
  private isAsked = false
  private dueMs = 0

  constructor(options: PaceOptions) {
    this.options = options
  }

  ask(): void {
    this.isAsked = true
    if (this.isWorking || this.timer !== null) return
    this.timer = setTimeout(() => void this.run(), Math.max(0, this.dueMs - performance.now()))
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    this.isAsked = false
  }

  private async run(): Promise<void> {
    const { work, gapMs, rest, againMs, log } = this.options
    const startMs = performance.now()
    this.timer = null
    this.isWorking = true
    this.isAsked = false
    try {
      await work()
      const endMs = performance.now()
      this.dueMs = Math.max(startMs + gapMs, endMs + rest * (endMs - startMs))
    } catch (error) {
      log.warn({ err: error }, 'what is watched could not be read: trying again')
      this.dueMs = performance.now() + againMs
      this.isAsked = true
    }
    this.isWorking = false
    if (this.isAsked) this.ask()
  }
}
