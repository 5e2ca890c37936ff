import type { Page, RunEntry } from '../api/shapes.ts'

/** Rows that are remembered: those of the streams' last moments, more than a screen can show. */
const MOST_TOLD = 2_000

/** The newest row that the stream told of each run, the last told last. */
const told = new Map<string, { row: RunEntry; atMs: number }>()

/** Remembers what a stream tells, for answers that are under way. */
export function noteTold(rows: readonly RunEntry[]): void {
  const atMs = performance.now()
  for (const row of rows) {
    told.delete(row.id)
    told.set(row.id, { row, atMs })
  }
  for (const id of told.keys()) {
    if (told.size <= MOST_TOLD) return
    told.delete(id)
  }
}

/**
 * A page of an answer that was asked for at `sinceMs` (of `performance.now()`), with the rows that a stream has told since.
 * The answer may have been read before them, and nothing would tell them again; where it was read after, the stream tells
 * once more.
 */
export function withTold(page: Page<RunEntry>, sinceMs: number): Page<RunEntry> {
  const newest = [...told.values()].filter(({ atMs }) => atMs >= sinceMs)
  return withRows(page, new Map(newest.map(({ row }) => [row.id, row])))
}

/** Puts rows in the place of their older selves; a page that has none of them stays the object it is. */
export function withRows(page: Page<RunEntry>, rows: ReadonlyMap<string, RunEntry>): Page<RunEntry> {
  if (!page.items.some(({ id }) => rows.has(id))) return page
  return { ...page, items: page.items.map((row) => rows.get(row.id) ?? row) }
}
