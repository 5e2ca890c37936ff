import { LRUCache } from 'lru-cache'
import { listRunsOf, type RunEntry, type RunFilter } from '../../db/run-queries.ts'
import type { RunChange } from '../../engine/changes.ts'
import type { Engine } from '../../engine/engine.ts'
import type { RunStatus } from '../../workflow/states.ts'
import { showRunEntry } from '../schemas/run.ts'
import type { Feed } from './feed.ts'
import { ListWatcher } from './list-watcher.ts'
import { Message } from './message.ts'
import { Pace } from './pace.ts'
import { fitsBeside, fitsStatus, fitsUnfinished } from './run-fit.ts'

/** Least time between two readings: a list is looked at, not followed. */
const GAP_MS = 50
/** The steps of unfinished runs are counted for each row, which takes its time where they have thousands. */
const REST = 4
const AGAIN_MS = 500
/** Runs of one reading; others wait for the next. */
const RUNS_PER_READ = 500
/** Runs that may wait to be read; beyond, clients are asked to read their lists again. */
const MAX_DUE = 10_000
/** Runs whose last row is known: what has not changed is not told again. */
const KNOWN_RUNS = 5_000

/** The last row of a run. */
interface Known {
  status: RunStatus
  json: string
}

/**
 * All clients of this process that watch lists of runs. The rows of runs that changed are read once, and told to those
 * whose filter they fit. A run whose status fits no longer is told once more, so that the client can take it off its list.
 */
export class ListHub {
  private readonly engine: Engine
  private readonly feed: Feed
  private readonly watchers = new Set<ListWatcher>()
  private readonly due = new Set<string>()
  private readonly known = new LRUCache<string, Known>({ max: KNOWN_RUNS })
  private readonly pace: Pace

  constructor(engine: Engine, feed: Feed) {
    this.engine = engine
    this.feed = feed
    this.pace = new Pace({ work: () => this.readDue(), gapMs: GAP_MS, rest: REST, againMs: AGAIN_MS, log: engine.log })
    feed.tell((changes) => this.hear(changes))
  }

  /** Begins to watch the runs that a filter chooses; null: none. What changes from now on is told. */
  async watch(filter: Omit<RunFilter, 'before' | 'limit'> | null): Promise<ListWatcher> {
    await this.feed.hold()
    const watcher = new ListWatcher(filter, () => this.leave(watcher))
    this.watchers.add(watcher)
    return watcher
  }

  /** Ends all streams. */
  close(): void {
    this.pace.stop()
    for (const watcher of this.watchers) watcher.close()
  }

  private leave(watcher: ListWatcher): void {
    if (!this.watchers.delete(watcher)) return
    this.feed.release()
    if (this.watchers.size > 0) return
    this.due.clear()
    this.known.clear()
  }

  private hear(changes: readonly RunChange[] | null): void {
    if (this.watchers.size === 0) return
    for (const { run } of changes ?? []) this.due.add(run)
    if (changes !== null && this.due.size <= MAX_DUE) return this.pace.ask()
    this.due.clear()
    this.known.clear()
    for (const watcher of this.watchers) watcher.askToReload()
  }

  private async readDue(): Promise<void> {
    const ids = [...this.due].slice(0, RUNS_PER_READ)
    // Before the reading: what changes meanwhile is due again.
    for (const id of ids) this.due.delete(id)
    for (const run of await this.read(ids)) this.tell(run)
    for (const watcher of this.watchers) watcher.wake()
    if (this.due.size > 0) this.pace.ask()
  }

  private async read(ids: readonly string[]): Promise<RunEntry[]> {
    try {
      return await listRunsOf(this.engine.db, ids)
    } catch (error) {
      for (const id of ids) this.due.add(id)
      throw error
    }
  }

  private tell(run: RunEntry): void {
    const row = showRunEntry(run)
    const json = JSON.stringify(row)
    const known = this.known.get(run.id)
    if (known?.json === json) return
    this.known.set(run.id, { status: run.status, json })
    const message = new Message('run', row)
    for (const watcher of this.watchers) {
      const { filter } = watcher
      if (filter === null || !fitsBeside(run, filter)) continue
      if (fitsStatus(run.status, filter) || mayBeListed(run, known, watcher)) watcher.tell(run.id, message)
    }
  }
}

/**
 * Whether a client may have read a list with a run that does not fit its filter now. Between the last row that we know and
 * this one, the run may have gone through other statuses, of those before its end.
 */
function mayBeListed(run: RunEntry, known: Known | undefined, { filter, sinceMs }: ListWatcher): boolean {
  if (filter === null) return false
  if (known === undefined) return fitsUnfinished(filter) || run.createdAt.getTime() < sinceMs
  return fitsStatus(known.status, filter) || (known.status !== run.status && fitsUnfinished(filter))
}
