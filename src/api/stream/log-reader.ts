import type { Database } from '../../db/client.ts'
import { listLogs } from '../../db/logs.ts'
import { showLogLine } from '../schemas/log-line.ts'
import { Message } from './message.ts'
import type { LogLine, LogWindow } from './log-window.ts'

/** Lines that a client gets at once while it catches up. */
const LINES_PER_PAGE = 200

/** What {@link LogReader} needs to know. */
export interface LogReaderOptions {
  db: Database
  runId: string
  window: LogWindow
  /** The line that the client knows already; 0: none. */
  after: number
}

/**
 * One client's place among the log lines of a run. States: behind, where it reads pages by itself, one at a time and only
 * as the client takes them; following, where it takes what the window has. It falls behind when the window moves on
 * without it.
 */
export class LogReader {
  private readonly options: LogReaderOptions
  /** Place in the window; null while behind. */
  private place: number | null = null
  private page: LogLine[] = []
  /** Of the page before the window was reached: sent already. */
  private known: ReadonlySet<number> = new Set()
  private knownTo: number
  /** Lines from this place of the window on came after the client did: it knows none of them, whatever their ids. */
  private newFrom = Number.POSITIVE_INFINITY
  private after: number
  private isReading = false

  constructor(options: LogReaderOptions) {
    this.options = options
    this.after = options.after
    this.knownTo = options.after
    if (!options.window.covers(options.after)) return
    this.place = options.window.first
    this.newFrom = options.window.end
  }

  /** Whether the client has all lines that are known of. */
  get isCaughtUp(): boolean {
    const { window } = this.options
    return this.page.length === 0 && this.place !== null && this.place === window.end
  }

  /** The next line to send; null where there is none now. */
  next(): Message | null {
    for (;;) {
      const line = this.page.shift() ?? this.follow()
      if (line === null) return null
      this.after = Math.max(this.after, line.id)
      return line.message
    }
  }

  /** Reads the next page where the client is behind and has taken the one before; true: there is something to take. */
  async catchUp(): Promise<boolean> {
    if (this.isReading || this.place !== null || this.page.length > 0) return false
    this.isReading = true
    try {
      const { db, runId, window } = this.options
      const rows = await listLogs(db, { runId, after: this.after, limit: LINES_PER_PAGE })
      this.page = rows.map((row) => ({ id: row.id, message: new Message('log', showLogLine(row), String(row.id)) }))
      const last = rows.at(-1)
      if (last === undefined || rows.length < LINES_PER_PAGE || window.covers(last.id)) {
        this.known = new Set(rows.map((row) => row.id))
        this.knownTo = Math.max(this.knownTo, (rows[0]?.id ?? this.after + 1) - 1)
        this.place = window.first
      }
      return true
    } finally {
      this.isReading = false
    }
  }

  private follow(): LogLine | null {
    const { window } = this.options
    if (this.place === null) return null
    if (this.place < window.first) {
      this.place = null
      this.newFrom = Number.POSITIVE_INFINITY
      return null
    }
    for (let line = window.at(this.place); line !== undefined; line = window.at(this.place)) {
      const isNew = this.place >= this.newFrom || (line.id > this.knownTo && !this.known.has(line.id))
      this.place += 1
      if (isNew) return line
    }
    return null
  }
}
