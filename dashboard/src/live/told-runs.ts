import type { Page, RunEntry } from '../api/shapes.ts'

/** Rows that are remembered: those of the streams' last moments, more than a screen can show. */
const MOST_TOLD = 2_000

/** The newest row that is known of each run, the last told last; `atMs`: it was not read before. */
const told = new Map<string, { row: RunEntry; atMs: number }>()

const listeners = new Set<(rows: readonly RunEntry[]) => void>()

/** Calls back with rows as they are told. Returns what ends that. */
export function onTold(listener: (rows: readonly RunEntry[]) => void): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

/**
 * Remembers rows for answers that are under way: what a stream told at `atMs` (of `performance.now()`), or what was asked
 * for then.
 */
export function noteTold(rows: readonly RunEntry[], atMs: number): void {
  for (const row of rows) {
    if ((told.get(row.id)?.atMs ?? 0) > atMs) continue
    told.delete(row.id)
    told.set(row.id, { row, atMs })
  }
  for (const listener of listeners) listener(rows)
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
export function withTold<Asked extends Page<RunEntry>>(page: Asked, sinceMs: number): Asked {
  const newest = page.items.map((row) => {
    const last = told.get(row.id)
    return last !== undefined && last.atMs >= sinceMs ? last.row : row
  })
  return newest.every((row, index) => row === page.items[index]) ? page : { ...page, items: newest }
}

/** Puts rows in the place of their older selves; a page that has none of them stays the object it is. */
export function withRows(page: Page<RunEntry>, rows: ReadonlyMap<string, RunEntry>): Page<RunEntry> {
  if (!page.items.some(({ id }) => rows.has(id))) return page
  return { ...page, items: page.items.map((row) => rows.get(row.id) ?? row) }
}
