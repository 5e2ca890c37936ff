import type { TestDatabase } from '../support/test-database.ts'

/**
 * What must hold of the runs of a sequence at any moment, as plain SQL on the tables and on what ./audit.ts has noted: each
 * question finds what breaks it. All of them are one statement, and so look at one instant.
 */

/** The runs of a sequence (`$1`: its tag) as `mine (id, root)`: those that bear its tag, and what descends from them. */
export const MINE = `
WITH RECURSIVE mine AS (
  SELECT id, id AS root FROM runs WHERE tags @> ARRAY[$1::text]
  UNION ALL SELECT c.id, m.root FROM runs c JOIN mine m ON c.parent_run_id = m.id
)`

/** Breaches, each as `name: what`; none where all is well. `atEnd`: every run has ended. */
export async function violations(database: TestDatabase, tag: string, atEnd: boolean): Promise<string[]> {
  const asked = Object.entries(atEnd ? { ...ALWAYS, ...AT_END } : ALWAYS)
  const questions = asked.map(([name, question]) => `SELECT '${name}' AS name, q::text AS what FROM (${question}) AS q`)
  const rows = await database.query<{ name: string; what: string }>(`${FACTS} ${questions.join('\nUNION ALL\n')}`, [
    tag,
  ])
  return rows.map((row) => `${row.name}: ${row.what}`)
}

const SETTLED = `('completed', 'failed', 'skipped', 'cancelled')`
const FINISHED = `('completed', 'failed', 'cancelled')`
/** Postgres's clock is read before a commit, or after the begin of a read: what is said of the order of times holds but for this. */
const ABOUT = `interval '1 second'`

/**
 * `mine`: the runs; `history`, `ends`: their audited changes; `begun`: the changes by which an attempt begins, or a step is
 * skipped; `attempts`: all attempts, the newest of each step too.
 */
const FACTS = `${MINE}, r AS MATERIALIZED (
  SELECT r.*, m.root FROM runs r JOIN mine m USING (id)
), s AS MATERIALIZED (
  SELECT s.* FROM steps s JOIN mine m ON m.id = s.run_id
), defined AS MATERIALIZED (
  SELECT r.id AS run_id, d.* FROM r JOIN defined_steps d USING (version_id)
), history AS MATERIALIZED (
  SELECT a.*, m.root, a.parent_index IS NOT NULL AND a.item_index IS NULL AS compensates FROM audit_steps a JOIN mine m ON m.id = a.run_id
), runs_history AS MATERIALIZED (
  SELECT a.* FROM audit_runs a JOIN mine m ON m.id = a.run_id
), begun AS MATERIALIZED (
  SELECT * FROM history
  WHERE (attempt > old_attempt AND status <> 'pending') OR (status = 'skipped' AND old_status <> 'skipped')
), attempts AS MATERIALIZED (
  SELECT a.run_id, a.step_index, a.attempt, a.status::text, a.started_at, a.completed_at FROM step_attempts a JOIN mine m ON m.id = a.run_id
  UNION ALL
  SELECT s.run_id, s.step_index, s.attempt, s.status::text, s.started_at, s.completed_at FROM s
  WHERE s.started_at IS NOT NULL AND s.status IN ('running', 'waiting', 'completed')
), mine_controls AS MATERIALIZED (
  SELECT * FROM controls WHERE tag = $1::text
)`

/** Hold at every instant. */
const ALWAYS: Readonly<Record<string, string>> = {
  'began before a dependency had settled': `
    SELECT b.run_id, b.step_id, b.attempt, b.status, e.dependency, d.status AS dependency_status
    FROM begun b JOIN r ON r.id = b.run_id
    JOIN edges e ON e.version_id = r.version_id AND e.step_index = b.step_index
    CROSS JOIN LATERAL (SELECT h.status FROM audit_steps h
      WHERE h.run_id = b.run_id AND h.step_index = e.dependency AND h.seq < b.seq ORDER BY h.seq DESC LIMIT 1) AS d
    WHERE b.parent_index IS NULL AND d.status NOT IN ${SETTLED}`,

  'an item began without its map': `
    SELECT b.run_id, b.step_id, b.attempt, d.status AS map_status
    FROM begun b
    CROSS JOIN LATERAL (SELECT h.status, h.at FROM audit_steps h
      WHERE h.run_id = b.run_id AND h.step_index = b.parent_index AND h.seq < b.seq ORDER BY h.seq DESC LIMIT 1) AS d
    WHERE b.item_index IS NOT NULL AND d.status <> 'waiting' AND b.started_at > d.at + ${ABOUT}`,

  'a step changed after its run had ended': `
    SELECT h.run_id, h.step_id, h.old_status, h.status, h.attempt, e.status AS run_status
    FROM history h
    CROSS JOIN LATERAL (SELECT a.status FROM audit_runs a WHERE a.run_id = h.run_id AND a.seq < h.seq ORDER BY a.seq DESC LIMIT 1) AS e
    WHERE e.status IN ${FINISHED} AND h.status IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM audit_runs a WHERE a.run_id = h.run_id AND a.tx = h.tx AND a.status = 'queued')`,

  'a settled step changed without a retry': `
    SELECT h.run_id, h.step_id, h.old_status, h.status, h.attempt FROM history h
    WHERE h.old_status IN ${SETTLED} AND h.status IS DISTINCT FROM h.old_status
      AND NOT EXISTS (SELECT 1 FROM audit_runs a WHERE a.run_id = h.run_id AND a.tx = h.tx AND a.status = 'queued')`,

  'began although its run was cancelled': `
    SELECT b.run_id, b.step_id, b.attempt, b.status, b.started_at, c.answered_at
    FROM begun b JOIN mine_controls c ON c.kind = 'cancel' AND c.status = 202
    WHERE (c.run_id = b.run_id OR c.run_id = b.root) AND b.started_at > c.answered_at AND NOT b.compensates AND b.status <> 'skipped'
      AND NOT EXISTS (SELECT 1 FROM mine_controls o WHERE o.kind IN ('retry', 'bulk retry') AND o.answered_at > c.sent_at AND o.sent_at < b.started_at)`,

  'began although its run was paused': `
    SELECT b.run_id, b.step_id, b.attempt, b.status, b.started_at, c.answered_at
    FROM begun b JOIN mine_controls c ON c.kind = 'pause' AND c.status = 202
    WHERE (c.run_id = b.run_id OR c.run_id = b.root) AND b.started_at > c.answered_at AND NOT b.compensates AND b.status <> 'skipped'
      AND NOT EXISTS (SELECT 1 FROM mine_controls o
        WHERE o.kind IN ('resume', 'retry', 'bulk retry') AND o.answered_at > c.sent_at AND o.sent_at < b.started_at)`,

  'an effect without a result, or more than one': `
    SELECT e.run_id, e.step_id, e.attempt, count(*) AS effects, (SELECT count(*) FROM history h
      WHERE h.run_id = e.run_id::uuid AND h.step_id = e.step_id AND h.status = 'completed' AND h.attempt = e.attempt) AS completions
    FROM effects e JOIN mine m ON m.id = e.run_id::uuid
    GROUP BY e.run_id, e.step_id, e.attempt
    HAVING count(*) > 1 OR NOT EXISTS (SELECT 1 FROM history h
      WHERE h.run_id = e.run_id::uuid AND h.step_id = e.step_id AND h.status = 'completed' AND h.attempt = e.attempt)`,

  'a result without its effect': `
    SELECT s.run_id, s.step_id, s.attempt FROM s JOIN defined d USING (run_id, step_index)
    WHERE s.status = 'completed' AND d.config ->> 'action' = 'touch'
      AND NOT EXISTS (SELECT 1 FROM effects e WHERE e.run_id = s.run_id::text AND e.step_id = s.step_id AND e.attempt = s.attempt)`,

  'a compensation without its effect': `
    SELECT s.run_id, s.step_id, s.attempt FROM s
    WHERE s.status = 'completed' AND s.parent_index IS NOT NULL AND s.item_index IS NULL
      AND NOT EXISTS (SELECT 1 FROM effects e WHERE e.run_id = s.run_id::text AND e.step_id = s.step_id AND e.attempt = s.attempt)`,

  'a result and a status that do not belong together': `
    SELECT s.run_id, s.step_id, s.status, x.run_id IS NOT NULL AS has_result
    FROM s LEFT JOIN step_results x ON x.run_id = s.run_id AND x.step_index = s.step_index
    WHERE (s.status = 'completed') <> (x.run_id IS NOT NULL)`,

  'attempts overlap': `
    SELECT a.run_id, a.step_index, a.attempt, a.status, a.completed_at, b.attempt AS next, b.started_at AS next_started_at
    FROM attempts a JOIN attempts b ON b.run_id = a.run_id AND b.step_index = a.step_index AND b.attempt > a.attempt
    WHERE a.status <> 'lost' AND (a.completed_at IS NULL OR a.completed_at > b.started_at)`,

  'parked and waiting do not agree': `
    SELECT run_id, step_id, status, waiting_for FROM s WHERE (status = 'waiting') <> (waiting_for IS NOT NULL)`,

  'a run ended before its steps': `
    SELECT r.id, r.status, s.step_id, s.status AS step_status FROM r JOIN s ON s.run_id = r.id
    WHERE r.status IN ${FINISHED} AND s.status NOT IN ${SETTLED}`,

  'a completed run lacks a step': `
    SELECT r.id, s.step_id, s.status FROM r JOIN s ON s.run_id = r.id AND s.parent_index IS NULL
    JOIN defined d ON d.run_id = r.id AND d.step_index = s.step_index
    WHERE r.status = 'completed' AND (s.status = 'cancelled' OR (s.status = 'failed' AND d.on_error IS DISTINCT FROM 'continue'))`,

  'counts of an ended run are wrong': `
    SELECT r.id, r.status, r.steps_completed, r.steps_failed, r.steps_skipped, n.* FROM r
    CROSS JOIN LATERAL (
      SELECT count(*) FILTER (WHERE s.status = 'completed') AS completed, count(*) FILTER (WHERE s.status = 'failed') AS failed,
        count(*) FILTER (WHERE s.status = 'skipped') AS skipped
      FROM s WHERE s.run_id = r.id AND s.parent_index IS NULL) AS n
    WHERE r.status IN ${FINISHED} AND (r.steps_completed, r.steps_failed, r.steps_skipped) IS DISTINCT FROM (n.completed, n.failed, n.skipped)`,

  'a failed run does not say why': `SELECT id FROM r WHERE status = 'failed' AND error IS NULL`,

  'a run ended cancelled that nobody cancelled': `
    SELECT h.run_id, h.old_status FROM runs_history h WHERE h.status = 'cancelled' AND h.old_status <> 'cancelling'`,

  'an epoch went back': `SELECT run_id, old_epoch, epoch FROM runs_history WHERE epoch < old_epoch`,

  'an open approval that nobody waits for': `
    SELECT a.run_id, a.step_id, s.status, r.status AS run_status
    FROM approvals a JOIN r ON r.id = a.run_id JOIN s ON s.run_id = a.run_id AND s.step_index = a.step_index
    WHERE a.status = 'open' AND (s.waiting_for ->> 'approval_id') IS DISTINCT FROM a.id::text`,

  'an approval that was not given': `
    SELECT s.run_id, s.step_id FROM s JOIN defined d USING (run_id, step_index)
    WHERE d.type = 'approval' AND s.status = 'completed' AND NOT EXISTS (
      SELECT 1 FROM approvals a WHERE a.run_id = s.run_id AND a.step_index = s.step_index
        AND ((a.status = 'expired' AND d.config ->> 'on_timeout' = 'approve')
          OR (a.status = 'approved' AND a.quorum <= (SELECT count(*) FROM approval_decisions x WHERE x.approval_id = a.id AND x.approved))))`,

  'an event that woke no step, or a step that no event woke': `
    SELECT s.run_id, s.step_id, s.status, count(e.id) AS events
    FROM s JOIN defined d USING (run_id, step_index) LEFT JOIN events e ON e.run_id = s.run_id AND s.step_index = ANY(e.step_index || e.also_taken_by)
    WHERE d.type = 'wait_event'
    GROUP BY s.run_id, s.step_id, s.status HAVING count(e.id) <> (s.status = 'completed')::int`,

  'a wait that was too short': `
    SELECT s.run_id, s.step_id, s.started_at, s.completed_at, d.config ->> 'seconds' AS seconds FROM s JOIN defined d USING (run_id, step_index)
    WHERE d.type = 'wait' AND s.status = 'completed'
      AND s.completed_at < s.started_at + ((d.config ->> 'seconds')::float8 - 0.002) * interval '1 second'`,

  'more items at once than the map allows': `
    SELECT i.run_id, i.parent_index, count(*) AS active, d.config ->> 'concurrency' AS allowed
    FROM s i JOIN defined d ON d.run_id = i.run_id AND d.step_index = i.parent_index
    WHERE i.item_index IS NOT NULL AND i.status IN ('running', 'retrying', 'waiting')
    GROUP BY i.run_id, i.parent_index, d.config ->> 'concurrency' HAVING count(*) > (d.config ->> 'concurrency')::int`,

  'a map without its items': `
    SELECT m.run_id, m.step_id, m.status, n.*, json_array_length(d.config -> 'items') AS expected
    FROM s m JOIN defined d ON d.run_id = m.run_id AND d.step_index = m.step_index
    CROSS JOIN LATERAL (
      SELECT count(*) AS items, count(i.completed_at) AS settled FROM s i
      WHERE i.run_id = m.run_id AND i.parent_index = m.step_index AND i.item_index IS NOT NULL) AS n
    WHERE d.type = 'map' AND m.status IN ('waiting', 'completed')
      AND (n.items <> json_array_length(d.config -> 'items') OR (m.status = 'completed' AND n.settled < n.items))`,

  'more runs at once than the workflow allows': `
    SELECT r.workflow_id, count(*) AS admitted, v.definition -> 'concurrency' ->> 'limit' AS allowed
    FROM r JOIN workflow_versions v ON v.id = r.version_id
    WHERE r.concurrency_key IS NOT NULL AND r.admitted_at IS NOT NULL AND r.status NOT IN ('completed', 'failed', 'cancelled', 'cancelling')
    GROUP BY r.workflow_id, v.definition -> 'concurrency' ->> 'limit' HAVING count(*) > (v.definition -> 'concurrency' ->> 'limit')::int`,

  'a run is under way without having been admitted': `
    SELECT id, status FROM r WHERE admitted_at IS NULL AND status NOT IN ('queued', 'paused', 'completed', 'failed', 'cancelled')`,

  'more operators won than could': `
    SELECT c.run_id, c.kind, count(*) AS accepted FROM mine_controls c
    WHERE c.status = 202 AND c.kind IN ('cancel', 'pause', 'resume', 'retry')
    GROUP BY c.run_id, c.kind
    HAVING count(*) > (SELECT count(*) FROM runs_history h WHERE h.run_id = c.run_id AND CASE c.kind
      WHEN 'cancel' THEN h.status = 'cancelling' AND h.old_status <> 'cancelling'
      WHEN 'pause' THEN h.status = 'paused' AND h.old_status <> 'paused'
      WHEN 'resume' THEN h.old_status = 'paused' AND h.status IN ('queued', 'running')
      ELSE h.status = 'queued' AND h.epoch > h.old_epoch END)`,

  'compensated out of order': `
    SELECT a.run_id, a.step_id, b.step_id AS next FROM s a JOIN s b ON b.run_id = a.run_id AND b.step_index > a.step_index
    WHERE a.parent_index IS NOT NULL AND a.item_index IS NULL AND b.parent_index IS NOT NULL AND b.item_index IS NULL
      AND b.started_at IS NOT NULL AND (a.completed_at IS NULL OR b.started_at < a.completed_at)`,
}

/** Hold once every run of the sequence has ended. */
const AT_END: Readonly<Record<string, string>> = {
  'something is still waited for': `
    SELECT s.run_id, s.step_id, s.status, s.waiting_for, s.wake_at, s.retry_at FROM s
    WHERE s.status NOT IN ${SETTLED} OR s.waiting_for IS NOT NULL OR s.wake_at IS NOT NULL`,

  'an approval is still open': `SELECT a.run_id, a.step_id FROM approvals a JOIN r ON r.id = a.run_id WHERE a.status = 'open'`,

  'something was not undone': `
    SELECT r.id, r.status, r.compensation, s.step_id FROM r JOIN s ON s.run_id = r.id AND s.parent_index IS NULL
    JOIN defined d ON d.run_id = r.id AND d.step_index = s.step_index
    WHERE r.status IN ('failed', 'cancelled') AND s.status = 'completed' AND d.compensate IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM s c WHERE c.run_id = r.id AND c.parent_index = s.step_index AND c.item_index IS NULL AND c.status IN ('completed', 'failed'))`,

  'undone in the wrong order': `
    SELECT a.run_id, a.step_id, b.step_id AS next FROM s a JOIN s b ON b.run_id = a.run_id AND b.step_index > a.step_index
    JOIN s x ON x.run_id = a.run_id AND x.step_index = a.parent_index JOIN s y ON y.run_id = b.run_id AND y.step_index = b.parent_index
    WHERE a.parent_index IS NOT NULL AND a.item_index IS NULL AND b.parent_index IS NOT NULL AND b.item_index IS NULL
      AND x.completed_at < y.completed_at`,

  'compensation and status do not agree': `
    SELECT r.id, r.status, r.compensation FROM r
    WHERE (r.compensation = 'running') OR (r.compensation = 'failed' AND r.status <> 'failed') OR (r.status = 'completed' AND r.compensation IS NOT NULL)`,

  'executed twice at once': `
    SELECT a.run_id, a.step_id, a.attempt, a.pid, a.began_at, a.ended_at, b.attempt AS other, b.pid AS other_pid, b.began_at AS other_began_at
    FROM executions a JOIN mine m ON m.id = a.run_id
    JOIN executions b ON b.run_id = a.run_id AND b.step_id = a.step_id AND b.id > a.id
    WHERE (a.ended_at IS NULL OR a.ended_at > b.began_at)
      AND NOT EXISTS (SELECT 1 FROM kills k WHERE k.pid = a.pid AND k.at < b.began_at)
      AND NOT EXISTS (SELECT 1 FROM attempts t JOIN audit_steps h ON h.run_id = t.run_id AND h.step_index = t.step_index AND h.step_id = a.step_id
        WHERE t.run_id = a.run_id AND t.attempt = a.attempt AND t.status IN ('lost', 'cancelled', 'failed'))
      AND NOT EXISTS (SELECT 1 FROM audit_runs h WHERE h.run_id = a.run_id AND h.status = 'queued' AND h.at BETWEEN a.began_at AND b.began_at)`,
}
