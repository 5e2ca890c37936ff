import type { RunChange } from '../../engine/changes.ts'
import type { Engine } from '../../engine/engine.ts'
import { SluiceError } from '../../errors.ts'
import type { Feed } from './feed.ts'
import { LogReader } from './log-reader.ts'
import { LogWindow } from './log-window.ts'
import { Pace } from './pace.ts'
import { readRuns, type RunReading } from './run-reading.ts'
import { RunWatcher } from './run-watcher.ts'
import { WatchedRun } from './watched-run.ts'

/** Least time between two readings. */
const GAP_MS = 10
/** After a reading that failed. */
const AGAIN_MS = 500
/** Runs of one statement. */
const RUNS_PER_READ = 100
/** How long lines of a run that has ended may take: actions do not wait for their logs. */
const LATE_LOGS_MS = 200

/** What a client wants to see beside the run. */
export interface RunWatchOptions {
  /** Log lines behind the one of this id (0: all); undefined: none. */
  logsAfter: number | undefined
}

/** Everything about one run that somebody in this process watches. */
interface Entry {
  readonly id: string
  readonly watchers: Set<RunWatcher>
  /** Those who have come since the last reading. */
  joining: { watcher: RunWatcher; options: RunWatchOptions; settle: (error?: unknown) => void }[]
  run: WatchedRun | null
  logs: LogWindow | null
  /** What is to be read; `steps` null: all. */
  due: { steps: Set<number> | null; hasLogs: boolean } | null
  /** When it was found to have ended, while its last lines are waited for. */
  endedMs: number | null
}

/** What one reading takes on of a run. */
type Taken = Pick<Entry, 'joining'> & NonNullable<Entry['due']> & { entry: Entry }

/**
 * All clients of this process that watch single runs. A signal that a run has changed leads to one reading, whoever
 * watches; what is signalled while one is under way is read together by the next, all runs in one statement. Signals name
 * the steps that have changed, so a change of a large run costs the reading of these. Without signals nothing is read.
 *
 * Who comes gets the run as it is read after that, so nothing can fall between.
 */
export class RunHub {
  private readonly engine: Engine
  private readonly feed: Feed
  private readonly entries = new Map<string, Entry>()
  private readonly due = new Set<Entry>()
  private readonly pace: Pace

  constructor(engine: Engine, feed: Feed) {
    this.engine = engine
    this.feed = feed
    this.pace = new Pace({ work: () => this.readDue(), gapMs: GAP_MS, rest: 1, againMs: AGAIN_MS, log: engine.log })
    feed.tell((changes) => this.hear(changes))
  }

  /** Begins to watch a run. Throws `not_found`. */
  async watch(id: string, options: RunWatchOptions): Promise<RunWatcher> {
    await this.feed.hold()
    const entry = this.entries.get(id) ?? this.addEntry(id)
    const watcher = new RunWatcher({ onClose: () => this.leave(entry, watcher), log: this.engine.log })
    entry.watchers.add(watcher)
    this.want(entry, null, options.logsAfter !== undefined)
    try {
      await new Promise<void>((resolve, reject) => {
        const settle = (error?: unknown) => (error === undefined ? resolve() : reject(error))
        entry.joining.push({ watcher, options, settle })
      })
    } catch (error) {
      this.leave(entry, watcher)
      throw error
    }
    return watcher
  }

  /** Ends all streams. */
  close(): void {
    this.pace.stop()
    for (const { watchers } of this.entries.values()) for (const watcher of watchers) watcher.close()
  }

  private addEntry(id: string): Entry {
    const entry = { id, watchers: new Set<RunWatcher>(), joining: [], run: null, logs: null, due: null, endedMs: null }
    this.entries.set(id, entry)
    return entry
  }

  private leave(entry: Entry, watcher: RunWatcher): void {
    if (!entry.watchers.delete(watcher)) return
    this.feed.release()
    if (entry.watchers.size > 0) return
    this.due.delete(entry)
    if (this.entries.get(entry.id) === entry) this.entries.delete(entry.id)
  }

  private hear(changes: readonly RunChange[] | null): void {
    if (changes === null) {
      for (const entry of this.entries.values()) this.want(entry, null, true)
      return
    }
    for (const { run, steps, hasLogs } of changes) {
      const entry = this.entries.get(run)
      if (entry !== undefined) this.want(entry, steps, hasLogs)
    }
  }

  private want(entry: Entry, steps: readonly number[] | null, hasLogs: boolean): void {
    entry.due ??= { steps: new Set(), hasLogs: false }
    entry.due.hasLogs ||= hasLogs
    if (steps === null) entry.due.steps = null
    else if (entry.due.steps !== null) for (const step of steps) entry.due.steps.add(step)
    this.due.add(entry)
    this.pace.ask()
  }

  private async readDue(): Promise<void> {
    const entries = [...this.due]
    for (let start = 0; start < entries.length; start += RUNS_PER_READ) {
      await this.read(entries.slice(start, start + RUNS_PER_READ))
    }
  }

  private async read(entries: readonly Entry[]): Promise<void> {
    const taken = entries.map((entry) => this.takeDue(entry))
    try {
      const readings = await readRuns(
        this.engine.db,
        taken.map(({ entry, steps }) => ({
          runId: entry.id,
          steps: steps && [...steps],
          completedAt: entry.run === null ? undefined : entry.run.completedAt,
        })),
      )
      for (const part of taken) await this.update(part, readings.get(part.entry.id))
    } catch (error) {
      for (const { entry, steps, hasLogs, joining } of taken) {
        for (const { settle } of joining) settle(error)
        if (entry.watchers.size > 0) this.want(entry, steps && [...steps], hasLogs)
      }
      throw error
    }
  }

  private takeDue(entry: Entry): Taken {
    const { steps, hasLogs } = entry.due ?? { steps: null, hasLogs: true }
    entry.due = null
    this.due.delete(entry)
    return { entry, steps, hasLogs, joining: entry.joining.splice(0) }
  }

  private async update(taken: Taken, reading: RunReading | undefined): Promise<void> {
    const { entry, hasLogs, joining } = taken
    if (reading === undefined) return this.endUnknown(taken)
    const { state, isWhole, detail } = reading
    if (entry.run === null) {
      if (detail === undefined) throw new Error(`run ${entry.id} was read without its payloads`)
      entry.run = new WatchedRun(detail, await this.engine.versions.get(detail.versionId))
    }
    if (joining.some(({ options }) => options.logsAfter !== undefined)) {
      entry.logs ??= new LogWindow(this.engine.db, entry.id)
    }
    if (hasLogs) await entry.logs?.read()
    const news = entry.run.update(state, isWhole, detail)
    this.expectLastLines(entry, entry.run)
    const isAnyNew = news.steps.length > 0 || news.isRunNew || (hasLogs && entry.logs !== null)
    if (isAnyNew) for (const watcher of entry.watchers) watcher.tell(news)
    for (const { watcher, options, settle } of joining) {
      watcher.begin(entry.run, this.logReader(entry, options))
      settle()
    }
  }

  private endUnknown({ entry, joining }: Taken): void {
    for (const { settle } of joining) settle(new SluiceError('not_found', `There is no run "${entry.id}".`))
    for (const watcher of entry.watchers) watcher.close()
  }

  private logReader({ id, logs }: Entry, { logsAfter }: RunWatchOptions): LogReader | null {
    if (logs === null || logsAfter === undefined) return null
    return new LogReader({ db: this.engine.db, runId: id, window: logs, after: logsAfter })
  }

  /** Has the lines of a run that has ended read once more a little later, which is then all. */
  private expectLastLines(entry: Entry, run: WatchedRun): void {
    if (!run.isFinished || entry.logs === null) {
      entry.endedMs = null
      run.isLogComplete = false
      return
    }
    if (entry.endedMs !== null) {
      run.isLogComplete ||= performance.now() - entry.endedMs >= LATE_LOGS_MS
      return
    }
    entry.endedMs = performance.now()
    const look = () => {
      if (entry.watchers.size > 0) this.want(entry, [], true)
    }
    setTimeout(look, LATE_LOGS_MS + 1).unref()
  }
}
