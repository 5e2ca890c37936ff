import type { Json } from '../workflow/definition.ts'
import type { Database } from './client.ts'

/** Rows of worker processes and of what they offer. */

/** A worker that starts. */
export interface NewWorker {
  id: string
  hostname: string
  pid: number
  queues: readonly string[]
  concurrency: number
}

/** An action that a worker announces. */
export interface AnnouncedAction {
  name: string
  kind: 'action' | 'transaction'
  description: string
  inputSchema: Json
  outputSchema: Json
  builtIn: boolean
}

/** Inserts a worker with its actions; an action that is known already takes the newest description. */
export async function announceWorker(
  db: Database,
  worker: NewWorker,
  actions: readonly AnnouncedAction[],
): Promise<void> {
  await db.transaction(async (_tx, batch) => {
    await batch(
      'announce_worker',
      'INSERT INTO workers (id, hostname, pid, queues, concurrency) VALUES ($1, $2, $3, $4, $5)',
      [worker.id, worker.hostname, worker.pid, worker.queues, worker.concurrency],
    )
    await announceActions({ batch }, actions)
    await batch(
      'announce_worker_actions',
      'INSERT INTO worker_actions (worker_id, action) SELECT $1, unnest($2::text[])',
      [worker.id, actions.map((action) => action.name)],
    )
  })
}

/**
 * Makes actions known to those who validate definitions; the newest description counts. The API announces the built-in
 * ones, which are known so before any worker has started.
 */
export async function announceActions(db: Pick<Database, 'batch'>, actions: readonly AnnouncedAction[]): Promise<void> {
  // Sorted, so that processes that start together lock the rows in one order.
  const sorted = [...actions].sort((a, b) => (a.name < b.name ? -1 : 1))
  await db.batch(
    'announce_actions',
    `INSERT INTO actions (name, kind, description, input_schema, output_schema, built_in)
     SELECT name, kind::action_kind, description, input_schema::json, output_schema::json, built_in
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bool[])
       AS i(name, kind, description, input_schema, output_schema, built_in)
     ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, description = excluded.description, input_schema = excluded.input_schema,
       output_schema = excluded.output_schema, built_in = excluded.built_in, last_seen_at = now()`,
    [
      sorted.map((action) => action.name),
      sorted.map((action) => action.kind),
      sorted.map((action) => action.description),
      sorted.map((action) => JSON.stringify(action.inputSchema)),
      sorted.map((action) => JSON.stringify(action.outputSchema)),
      sorted.map((action) => action.builtIn),
    ],
  )
}

/** Shows that a worker lives. False: its row is gone (removed as long dead), and it must announce itself again. */
export async function beat(db: Database, workerId: string): Promise<boolean> {
  const rows = await db.batch(
    'beat',
    `WITH beaten AS (UPDATE workers SET heartbeat_at = clock_timestamp(), stopped_at = NULL WHERE id = $1 RETURNING id)
     SELECT id FROM beaten`,
    [workerId],
  )
  return rows.length === 1
}

/** Notes when actions were last offered by a living worker; once a minute is enough. */
export async function touchActions(db: Database, workerId: string): Promise<void> {
  await db.batch(
    'touch_actions',
    `UPDATE actions SET last_seen_at = now()
     WHERE name IN (SELECT a.name FROM actions a JOIN worker_actions o ON o.action = a.name WHERE o.worker_id = $1 ORDER BY a.name FOR UPDATE OF a SKIP LOCKED)`,
    [workerId],
  )
}

/** Notes that a worker has stopped: its steps may be taken over at once. */
export async function stopWorker(db: Database, workerId: string): Promise<void> {
  await db.batch('stop_worker', 'UPDATE workers SET stopped_at = clock_timestamp() WHERE id = $1', [workerId])
}

/** Removes workers that have been silent for a month; until then attempts show their names. */
export async function removeDeadWorkers(db: Database): Promise<void> {
  await db.batch('remove_dead_workers', `DELETE FROM workers WHERE heartbeat_at < now() - interval '30 days'`, [])
}
