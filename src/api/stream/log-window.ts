import { listLastLogs, type LogRow } from '../../db/logs.ts'
import type { Database } from '../../db/client.ts'
import { showLogLine } from '../schemas/log-line.ts'
import { Message } from './message.ts'

/** A log line on its way to clients. */
export interface LogLine {
  id: number
  message: Message
}

/** Lines that are read at once. */
const LINES_PER_READ = 500
/** What is kept for clients that are a little behind. */
const MAX_LINES = 1_000
const MAX_LENGTH = 2_000_000
/** Lines get their ids before they are committed: so long may one with a lower id still come. */
const LATE_MS = 2_000

/**
 * The last log lines of a run, in the order in which they were seen: read once for all clients that follow. Places count
 * from 0; a client whose place is no longer there reads by itself until it has caught up.
 */
export class LogWindow {
  private readonly db: Database
  private readonly runId: string
  private readonly lines: (LogLine & { seenMs: number })[] = []
  private length = 0
  /** Lines up to this id have all been seen. */
  private floor = 0
  private hasRead = false
  /** Place of the first line that is there. */
  first = 0
  /** Whether the first line that is there is the run's very first. */
  isFromStart = false

  constructor(db: Database, runId: string) {
    this.db = db
    this.runId = runId
  }

  /** The place behind the last line. */
  get end(): number {
    return this.first + this.lines.length
  }

  /** The line at a place that is there. */
  at(place: number): LogLine | undefined {
    return this.lines[place - this.first]
  }

  /** Whether all lines behind the one of this id are there. */
  covers(id: number): boolean {
    return this.isFromStart || this.lines.some((line) => line.id <= id)
  }

  /** Reads what is new. */
  async read(): Promise<void> {
    const rows = await listLastLogs(this.db, { runId: this.runId, after: this.floor, limit: LINES_PER_READ })
    const known = new Set(this.lines.map((line) => line.id))
    const isCut = rows.length === LINES_PER_READ
    if (!this.hasRead) this.isFromStart = !isCut
    else if (isCut && !rows.some((row) => known.has(row.id))) this.skip()
    this.hasRead = true
    this.add(rows.filter((row) => !known.has(row.id)))
  }

  /** More lines have come than are read at once: who follows has to read those between. */
  private skip(): void {
    this.first = this.end + 1
    this.floor = Math.max(this.floor, ...this.lines.map((line) => line.id))
    this.lines.length = 0
    this.length = 0
    this.isFromStart = false
  }

  private add(rows: readonly LogRow[]): void {
    const seenMs = performance.now()
    for (const row of rows) {
      const message = new Message('log', showLogLine(row), String(row.id))
      this.length += message.length
      this.lines.push({ id: row.id, message, seenMs })
    }
    while (this.lines.length > MAX_LINES || this.length > MAX_LENGTH) {
      const [gone] = this.lines.splice(0, 1)
      if (gone === undefined) break
      this.first += 1
      this.length -= gone.message.length
      this.floor = Math.max(this.floor, gone.id)
      this.isFromStart = false
    }
    for (const line of this.lines) if (seenMs - line.seenMs > LATE_MS) this.floor = Math.max(this.floor, line.id)
  }
}
