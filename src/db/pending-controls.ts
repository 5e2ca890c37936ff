import type { Control } from '../workflow/states.ts'
import type { Database } from './client.ts'

/**
 * Controls that were accepted for many runs at once, and are still to be carried out: one row a run, so that each goes with what is
 * done to its run, and processes take different ones. 10,000 rows are written in 0.2 s and taken one by one at 0.7 ms each; of a
 * list in one row each of these would write all that is left.
 */

type Executor = Pick<Database, 'batch'>

/** What can be done to many runs at once. */
export type BulkAction = Extract<Control, 'cancel' | 'retry'>

/** Writes down what is to be done to runs; what is to be done to one already is so once. */
export async function addPending(db: Executor, action: BulkAction, runIds: readonly string[]): Promise<void> {
  await db.batch(
    'add_pending_controls',
    `INSERT INTO pending_controls (control, run_id) SELECT $1::control, id FROM unnest($2::uuid[]) AS u(id)
     ORDER BY id ON CONFLICT (control, run_id) DO UPDATE SET asked_at = EXCLUDED.asked_at`,
    [action, runIds],
  )
}

/** A run that was taken off the list. */
export interface TakenRun {
  id: string
  /** Whether somebody has retried it since it was put there, so that it is not the run any more that was meant. */
  isRetried: boolean
}

/**
 * Takes runs off the list that nobody else has in hand, at most `most`: to be called in the transaction that does it to them, so
 * that they are on it again where that fails.
 */
export async function takePending(db: Executor, action: BulkAction, most: number): Promise<TakenRun[]> {
  return await db.batch<TakenRun>(
    'take_pending_controls',
    `WITH due AS MATERIALIZED (
       SELECT control, run_id FROM pending_controls WHERE control = $1::control ORDER BY run_id LIMIT $2 FOR UPDATE SKIP LOCKED
     )
     DELETE FROM pending_controls p USING due WHERE p.control = due.control AND p.run_id = due.run_id
     RETURNING p.run_id AS id, EXISTS (SELECT FROM run_controls c
       WHERE c.run_id = p.run_id AND c.control = 'retry' AND c.at > p.asked_at) AS "isRetried"`,
    [action, most],
  )
}

/** Takes runs off the list to which nothing can be done. */
export async function dropPending(db: Executor, action: BulkAction, runIds: readonly string[]): Promise<void> {
  await db.batch(
    'drop_pending_controls',
    'DELETE FROM pending_controls WHERE control = $1::control AND run_id = ANY($2::uuid[])',
    [action, runIds],
  )
}

/** Whether anything is on the list. */
export async function hasPending(db: Executor): Promise<boolean> {
  const [row] = await db.batch<{ any: boolean }>(
    'has_pending_controls',
    'SELECT EXISTS (SELECT FROM pending_controls) AS any',
    [],
  )
  return row?.any ?? false
}
