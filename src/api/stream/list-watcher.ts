import type { RunFilter } from '../../db/run-queries.ts'
import { Message } from './message.ts'
import type { Source } from './source.ts'

/** Rows that a client may be behind; beyond, it is asked to read its list again. */
const MAX_ROWS = 1_000

const RELOAD = new Message('reload', {})

/** What one client is to be told of a list of runs: the newest row of each run that has changed since it last took any. */
export class ListWatcher implements Source {
  wake: () => void = () => {}
  readonly hasEnded = false
  readonly filter: Omit<RunFilter, 'before' | 'limit'> | null
  /** When it came, by our clock. */
  readonly sinceMs = Date.now()
  private readonly onClose: () => void
  private readonly rows = new Map<string, Message>()
  private isReloadDue = false
  private isClosed = false

  constructor(filter: ListWatcher['filter'], onClose: () => void) {
    this.filter = filter
    this.onClose = onClose
  }

  get isOver(): boolean {
    return this.isClosed
  }

  /** A run has changed; {@link wake} is to be called when all are told. */
  tell(id: string, row: Message): void {
    if (this.rows.size >= MAX_ROWS && !this.rows.has(id)) return this.askToReload()
    // Behind the others, so that rows come in the order of their last changes.
    this.rows.delete(id)
    this.rows.set(id, row)
  }

  /** Who knows what has changed. */
  askToReload(): void {
    this.rows.clear()
    this.isReloadDue = true
    this.wake()
  }

  take(maxLength: number): Message[] {
    const taken: Message[] = []
    if (this.isReloadDue) taken.push(RELOAD)
    this.isReloadDue = false
    let length = 0
    for (const [id, row] of this.rows) {
      if (length >= maxLength) break
      this.rows.delete(id)
      taken.push(row)
      length += row.length
    }
    return taken
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.onClose()
    this.wake()
  }
}
