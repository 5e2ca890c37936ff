import type { Database } from './client.ts'

/** What Postgres knows of the queue's present life. */
export interface QueueState {
  token: string
  backend: string
  serverRunId: string | null
}

/** The queue's present life; null before the first. */
export async function readQueueState(db: Database, prefix: string): Promise<QueueState | null> {
  const rows = await db.batch<QueueState & Record<string, unknown>>(
    'read_queue_state',
    'SELECT token, backend, server_run_id AS "serverRunId" FROM queue_state WHERE prefix = $1',
    [prefix],
  )
  return rows[0] ?? null
}

/** Begins a new life of the queue, or notes the server's new run id. */
export async function writeQueueState(db: Database, prefix: string, state: QueueState): Promise<void> {
  await db.batch(
    'write_queue_state',
    `INSERT INTO queue_state (prefix, token, backend, server_run_id) VALUES ($1, $2, $3, $4)
     ON CONFLICT (prefix) DO UPDATE SET token = excluded.token, backend = excluded.backend, server_run_id = excluded.server_run_id, seen_at = now()`,
    [prefix, state.token, state.backend, state.serverRunId],
  )
}
