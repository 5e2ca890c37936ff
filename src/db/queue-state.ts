import type { Database } from './client.ts'

/** What Postgres knows of the queue's present life. */
export interface QueueState extends QueueLife {
  /** When a leader last saw it alive, as text that changes with every look. */
  seenAt: string
}

/** A life of the queue: its token, and the store in which it began. */
export interface QueueLife {
  token: string
  backend: string
  serverRunId: string | null
}

/** The queue's present life; null before the first. */
export async function readQueueState(db: Database, prefix: string): Promise<QueueState | null> {
  const rows = await db.batch<QueueState & Record<string, unknown>>(
    'read_queue_state',
    'SELECT token, backend, server_run_id AS "serverRunId", seen_at::text AS "seenAt" FROM queue_state WHERE prefix = $1',
    [prefix],
  )
  return rows[0] ?? null
}

/**
 * Begins a new life of the queue, or notes the server's new run id; `from` is the token that it follows, null at the first.
 * False: Postgres names another one by now, and nothing was changed. Locks the row.
 */
export async function writeQueueState(
  db: Database,
  prefix: string,
  life: QueueLife,
  from: string | null,
): Promise<boolean> {
  const rows = await db.batch(
    'write_queue_state',
    `INSERT INTO queue_state (prefix, token, backend, server_run_id) VALUES ($1, $2, $3, $4)
     ON CONFLICT (prefix) DO UPDATE SET token = excluded.token, backend = excluded.backend, server_run_id = excluded.server_run_id, seen_at = now()
       WHERE queue_state.token = $5
     RETURNING 1`,
    [prefix, life.token, life.backend, life.serverRunId, from],
  )
  return rows.length === 1
}

/** Notes that a leader has seen the queue alive. Locks the row; index: its primary key. */
export async function touchQueueState(db: Database, prefix: string): Promise<void> {
  await db.batch('touch_queue_state', 'UPDATE queue_state SET seen_at = clock_timestamp() WHERE prefix = $1', [prefix])
}
