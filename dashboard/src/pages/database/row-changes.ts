import type { Row, Snapshot } from '../../api/snapshot.ts'

/** Columns that tell the rows of a table apart, where that is not `id`. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  steps: ['run_id', 'step_index'],
  step_results: ['run_id', 'step_index'],
  step_attempts: ['run_id', 'step_index', 'attempt'],
  approval_decisions: ['approval_id', 'decided_by'],
  pending_controls: ['control', 'run_id'],
  idempotency_keys: ['scope', 'run_id'],
  actions: ['name'],
  worker_actions: ['worker_id', 'action'],
  queue_state: ['prefix'],
}

/** What tells a row of a table from the others. */
export function rowKey(table: string, row: Row): string {
  return (KEYS[table] ?? ['id']).map((column) => String(row[column])).join(' ')
}

/** What is new about a row: all of it, or some columns. */
export type RowChange = 'new' | ReadonlySet<string>

/** What changed of each table, by the keys of its rows. Tables without changes are left out. */
export type Changes = ReadonlyMap<string, ReadonlyMap<string, RowChange>>

/** Columns that change without anything having happened. */
const BEATS = new Set(['heartbeat_at', 'last_seen_at', 'seen_at'])

/** What a snapshot has that the one before it had not. */
export function changesBetween(before: Snapshot, after: Snapshot): Changes {
  const changes = new Map<string, Map<string, RowChange>>()
  for (const [table, rows] of Object.entries(after)) {
    const old = before[table]
    if (old === undefined) continue
    const known = new Map(old.map((row) => [rowKey(table, row), row]))
    const changed = rows.flatMap((row): [string, RowChange][] => {
      const key = rowKey(table, row)
      const was = known.get(key)
      if (was === undefined) return [[key, 'new']]
      const columns = Object.keys(row).filter((column) => !BEATS.has(column) && !isSame(was[column], row[column]))
      return columns.length === 0 ? [] : [[key, new Set(columns)]]
    })
    if (changed.length > 0) changes.set(table, new Map(changed))
  }
  return changes
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
