import type { Database } from './client.ts'

/**
 * Who may go to the queue. Slots are not counted anywhere: who holds one is what the rows of unfinished runs tell, so no
 * crash can leak one. A run holds a slot from its admission to its end, also while it waits or is paused.
 */

/** The runs that share slots: those of one workflow, with one value of its `concurrency.key`. */
export interface SlotGroup {
  workflowId: string
  concurrencyKey: string
}

/** Runs that are admitted in one go. */
export const ADMITTED_AT_ONCE = 500

const HELD = `admitted_at IS NULL AND status = 'queued' AND (start_at IS NULL OR start_at <= now())`
const UNFINISHED = `status NOT IN ('completed', 'failed', 'cancelled')`

/** `deadline_at` of a run that is admitted now. */
const ADMIT = `UPDATE runs r SET admitted_at = clock_timestamp(), queue_token = NULL,
  deadline_at = clock_timestamp() + (SELECT (v.definition ->> 'timeout_seconds')::float8 FROM workflow_versions v WHERE v.id = r.version_id) * interval '1 second'`

/** The limit is that of the version; a run whose version has none takes what is left of one. Nobody overtakes. */
const ADMIT_GROUP = `
WITH candidates AS MATERIALIZED (
  SELECT id, version_id, row_number() OVER (ORDER BY id) AS place FROM (
    SELECT id, version_id FROM runs
    WHERE workflow_id = $1::uuid AND concurrency_key = $2 AND ${UNFINISHED} AND ${HELD}
    ORDER BY id LIMIT ${ADMITTED_AT_ONCE}) AS oldest
), limits AS MATERIALIZED (
  SELECT v.id, (v.definition -> 'concurrency' ->> 'limit')::int AS slots FROM workflow_versions v
  WHERE v.id IN (SELECT version_id FROM candidates)
), holders AS MATERIALIZED (
  SELECT count(*) AS taken FROM runs
  WHERE workflow_id = $1::uuid AND concurrency_key = $2 AND ${UNFINISHED} AND admitted_at IS NOT NULL
), due AS (
  SELECT id FROM (
    SELECT c.id, bool_and(holders.taken + c.place <= limits.slots) OVER (ORDER BY c.place) AS fits
    FROM candidates c JOIN limits ON limits.id = c.version_id CROSS JOIN holders) AS placed
  WHERE fits
)
${ADMIT}
FROM due
WHERE r.id = due.id AND r.admitted_at IS NULL AND r.status = 'queued'
RETURNING r.id`

/**
 * Admits the oldest runs of a group that are due, as many as there are slots for; returns their ids. One admission of a
 * group waits for the other. Index: runs_slots.
 */
export async function admitGroup(db: Database, { workflowId, concurrencyKey }: SlotGroup): Promise<string[]> {
  return db.transaction(async (_tx, batch) => {
    await batch('lock_slots', 'SELECT pg_advisory_xact_lock(hashtextextended($1::text, 5)) AS locked', [
      `${workflowId} ${concurrencyKey}`,
    ])
    const rows = await batch<{ id: string }>('admit_group', ADMIT_GROUP, [workflowId, concurrencyKey])
    return rows.map((row) => row.id)
  })
}

/** Admits runs without a limit whose time has come; returns their ids. Index: runs_held. */
export async function admitPunctual(db: Database): Promise<string[]> {
  const rows = await db.batch<{ id: string }>(
    'admit_punctual',
    `${ADMIT}
     FROM (SELECT id FROM runs WHERE ${UNFINISHED} AND ${HELD} AND concurrency_key IS NULL
           ORDER BY start_at, id LIMIT ${ADMITTED_AT_ONCE} FOR UPDATE SKIP LOCKED) AS due
     WHERE r.id = due.id
     RETURNING r.id`,
    [],
  )
  return rows.map((row) => row.id)
}

/**
 * At most `limit` groups with an unfinished run, after `cursor`, and whether a run of theirs is due. Steps from group to
 * group in the index runs_slots, so what it costs depends on the number of groups, not of runs.
 */
export async function pageOfGroups(
  db: Database,
  options: { cursor: SlotGroup | null; limit: number },
): Promise<(SlotGroup & { isDue: boolean })[]> {
  return db.batch<SlotGroup & { isDue: boolean }>('page_of_groups', PAGE_OF_GROUPS, [
    options.cursor?.workflowId ?? '00000000-0000-0000-0000-000000000000',
    options.cursor?.concurrencyKey ?? '',
    options.limit,
  ])
}

const nextGroup = (workflow: string, key: string) => `
  SELECT workflow_id, concurrency_key FROM runs
  WHERE concurrency_key IS NOT NULL AND ${UNFINISHED} AND (workflow_id, concurrency_key) > (${workflow}, ${key})
  ORDER BY workflow_id, concurrency_key LIMIT 1`

const PAGE_OF_GROUPS = `
WITH RECURSIVE groups AS (
  (${nextGroup('$1::uuid', '$2::text')})
  UNION ALL
  SELECT n.workflow_id, n.concurrency_key FROM groups g, LATERAL (${nextGroup('g.workflow_id', 'g.concurrency_key')}) AS n
)
SELECT workflow_id AS "workflowId", concurrency_key AS "concurrencyKey", EXISTS (
  SELECT 1 FROM runs r WHERE r.workflow_id = p.workflow_id AND r.concurrency_key = p.concurrency_key AND ${UNFINISHED} AND ${HELD}) AS "isDue"
FROM (SELECT * FROM groups LIMIT $3::int) AS p`

/** Runs whose time is up, at most `limit`, and how long they were given. Index: runs_deadline. */
export async function findOverdue(db: Database, limit: number): Promise<{ id: string; seconds: number | null }[]> {
  return db.batch<{ id: string; seconds: number | null }>(
    'find_overdue',
    `SELECT r.id, (SELECT (v.definition ->> 'timeout_seconds')::float8 FROM workflow_versions v WHERE v.id = r.version_id) AS seconds
     FROM (SELECT id, version_id FROM runs
           WHERE deadline_at <= now() AND ${UNFINISHED} AND status <> 'cancelling' AND compensation IS NULL
           ORDER BY deadline_at LIMIT $1::int) AS r`,
    [limit],
  )
}
