import { and, asc, eq, gt } from 'drizzle-orm'
import type { Json } from '../workflow/definition.ts'
import type { Database } from './client.ts'
import { events } from './schema.ts'

/** Events of runs: kept from the moment that they are sent, until the steps that wait for them have taken them. */

type Executor = Pick<Database, 'batch'>

/** An event of a run. */
export type EventRow = typeof events.$inferSelect

/** What became of an event that was sent. */
export interface SentEvent {
  /** False: the run has ended, or there is no such run. */
  accepted: boolean
  /** False: the run holds as many events as it may. */
  hasRoom: boolean
  epoch: number
  /** Steps that wait for events of this name, to be woken. */
  steps: string[]
}

/**
 * Inserts an event, and has the steps looked at that wait for its name. To be called within a transaction: it locks the
 * run's row, as parking does, so that a step that parks at the same moment is either woken or finds the event.
 */
export async function insertEvent(
  db: Executor,
  event: { id: string; runId: string; name: string; data: Json },
  mostEvents: number,
): Promise<SentEvent> {
  await db.batch('lock_run', 'SELECT 1 FROM runs WHERE id = $1::uuid FOR UPDATE', [event.runId])
  const rows = await db.batch<{ status: string; epoch: number; held: string; steps: string[] | null }>(
    'insert_event',
    INSERT,
    [event.id, event.runId, event.name, event.data === null ? null : JSON.stringify(event.data), mostEvents],
  )
  const row = rows[0]
  if (row === undefined) return { accepted: false, hasRoom: true, epoch: 0, steps: [] }
  const accepted = !['completed', 'failed', 'cancelled', 'cancelling'].includes(row.status)
  return { accepted, hasRoom: Number(row.held) < mostEvents, epoch: row.epoch, steps: row.steps ?? [] }
}

const INSERT = `
WITH run AS (
  SELECT r.id, r.status, r.epoch, (SELECT count(*) FROM events e WHERE e.run_id = r.id) AS held FROM runs r WHERE r.id = $2::uuid
), sent AS (
  INSERT INTO events (id, run_id, name, data)
  SELECT $1::uuid, run.id, $3::text, $4::json FROM run
  WHERE run.status NOT IN ('completed', 'failed', 'cancelled', 'cancelling') AND run.held < $5::int
  RETURNING run_id
), woken AS (
  UPDATE steps s SET wake_at = clock_timestamp() FROM sent
  WHERE s.run_id = sent.run_id AND s.waiting_for IS NOT NULL AND s.status = 'waiting'
    AND s.waiting_for ->> 'kind' = 'event' AND s.waiting_for ->> 'event' = $3::text
  RETURNING s.step_id
)
SELECT run.status, run.epoch, run.held, (SELECT array_agg(step_id) FROM woken) AS steps FROM run`

/** A step that waits for an event, and since when: the settling of its dependencies, or the start of an item's map. */
export interface Waiter {
  runId: string
  name: string
  /** Indexes of the steps of which the last to settle, or else to start, made it due; none: the run did. */
  dueBehind: readonly number[]
  /** When it began, for one that was held back until then; null for any other. */
  since: string | null
}

/** An event that a step may take. */
export interface OfferedEvent {
  id: string
  name: string
  data: Json
}

/**
 * Events of a name that no step had taken before this one waited, oldest first. What is offered once stays so, whoever else
 * takes it. Indexes: events_run, the primary keys.
 */
export async function listOffered(db: Executor, { runId, name, dueBehind, since }: Waiter): Promise<OfferedEvent[]> {
  return db.batch<OfferedEvent & Record<string, unknown>>('offered_events', OFFERED, [runId, name, dueBehind, since])
}

const OFFERED = `
WITH due AS (
  SELECT COALESCE($4::timestamptz, greatest(r.created_at, (
    SELECT max(COALESCE(s.completed_at, s.started_at)) FROM steps s WHERE s.run_id = r.id AND s.step_index = ANY($3::int[])
  ))) AS at
  FROM runs r WHERE r.id = $1::uuid
)
SELECT e.id, e.name, e.data FROM events e, due
WHERE e.run_id = $1::uuid AND e.name = $2 AND (e.taken_at IS NULL OR e.taken_at > due.at) ORDER BY e.id`

/** Takes an event that was offered to a step. Locks the event's row. */
export async function takeEvent(db: Executor, id: string, stepIndex: number): Promise<void> {
  await db.batch('take_event', TAKE, [id, stepIndex])
}

const TAKE = `
UPDATE events SET step_index = COALESCE(step_index, $2::int), taken_at = COALESCE(taken_at, clock_timestamp()),
  also_taken_by = CASE WHEN step_index IS NULL THEN also_taken_by ELSE also_taken_by || $2::int END
WHERE id = $1::uuid`

/** Events of a run, oldest first, behind the one of id `after`. Index: events_run. */
export async function listEvents(
  db: Database,
  filter: { runId: string; after: string | undefined; limit: number },
): Promise<EventRow[]> {
  return await db.orm
    .select()
    .from(events)
    .where(and(eq(events.runId, filter.runId), filter.after === undefined ? undefined : gt(events.id, filter.after)))
    .orderBy(asc(events.id))
    .limit(filter.limit)
}
