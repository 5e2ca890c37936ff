import type { Logger } from '../../log.ts'
import type { LogReader } from './log-reader.ts'
import type { Message } from './message.ts'
import type { Source } from './source.ts'
import type { RunNews, WatchedRun } from './watched-run.ts'

/** What a {@link RunWatcher} needs to know. */
export interface RunWatcherOptions {
  /** Called once, when the client is gone or has got the end. */
  onClose: () => void
  log: Logger
}

/**
 * What one client is to be told of a run: at first the whole run, then what is new, at last the end. Between two takes it
 * keeps the indexes of the steps that have changed, so at most those of the run.
 */
export class RunWatcher implements Source {
  wake: () => void = () => {}
  hasEnded = false
  private readonly options: RunWatcherOptions
  private run: WatchedRun | null = null
  private logs: LogReader | null = null
  private readonly steps = new Set<number>()
  private isRunDue = true
  private isFirst = true
  private isClosed = false

  constructor(options: RunWatcherOptions) {
    this.options = options
  }

  get isOver(): boolean {
    return this.isClosed || this.hasEnded
  }

  /** The run has been read for the first time since the client came. */
  begin(run: WatchedRun, logs: LogReader | null): void {
    this.run = run
    this.logs = logs
    this.wake()
  }

  /** Something is new, be it only log lines. */
  tell(news: RunNews | null): void {
    if (this.run === null) return
    if (news !== null && !this.isFirst) {
      for (const index of news.steps) this.steps.add(index)
      this.isRunDue ||= news.isRunNew
    }
    this.wake()
  }

  take(maxLength: number): Message[] {
    const { run } = this
    const taken: Message[] = []
    if (run === null || this.isOver) return taken
    let length = 0
    for (let next = this.next(run); next !== null; next = this.next(run)) {
      taken.push(next)
      length += next.length
      if (this.hasEnded || length >= maxLength) break
    }
    if (this.hasEnded) this.options.onClose()
    else if (length < maxLength) void this.catchUp()
    return taken
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    if (!this.hasEnded) this.options.onClose()
    this.wake()
  }

  private next(run: WatchedRun): Message | null {
    if (this.isFirst) {
      this.isFirst = false
      this.isRunDue = false
      return run.runMessage('run')
    }
    for (const index of this.steps) {
      this.steps.delete(index)
      const message = run.stepMessage(index)
      if (message !== null) return message
    }
    const isAllLogged = this.logs === null || (run.isLogComplete && this.logs.isCaughtUp)
    if (run.isFinished && isAllLogged) {
      this.hasEnded = true
      return run.runMessage('end')
    }
    if (this.isRunDue) {
      this.isRunDue = false
      return run.runMessage('run')
    }
    return this.logs?.next() ?? null
  }

  private async catchUp(): Promise<void> {
    try {
      if ((await this.logs?.catchUp()) === true) this.wake()
    } catch (error) {
      this.options.log.warn({ err: error }, 'log lines could not be read: the client has to connect again')
      this.close()
    }
  }
}
