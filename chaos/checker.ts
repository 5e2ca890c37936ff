import type pg from 'pg'
import { CONTROL_RULES } from './rules-of-controls.ts'
import { MAP_RULES } from './rules-of-maps.ts'
import { REPEAT_RULES } from './rules-of-repeats.ts'

/**
 * The checker: what must hold of everything that Postgres keeps, once it is all over, as plain SQL on the tables. It knows
 * nothing of the engine and imports nothing of it; what it reads besides the service's tables is in `chaos`, which the
 * actions and the load wrote (./ledger.ts).
 */

/** Something that must not be. */
export interface Finding {
  /** Which rule was broken: a name of {@link RULES}, or of a rule beyond the database. */
  rule: string
  what: string
}

const SETTLED = `('completed', 'failed', 'skipped', 'cancelled')`
const FINISHED = `('completed', 'failed', 'cancelled')`

/**
 * `tagged`: runs by the keys of requests, which their tags tell; `defined`: the steps of each run as its definition has
 * them; `edges`: which depends on which; `attempts`: those that have ended without settling their step or failed it, and the
 * newest of each step; `evidence`: everything that shows that a step had begun at some time; `placed`: the steps and items,
 * each with its own definition; `turned`: what controls did to runs, and when; `cancelled_late`: runs that are cancelled by a
 * request which its client had given up, and sent again, while the API was frozen; `lineage`: runs and all above them;
 * `repeated`: the steps that retries were to repeat, and all that depends on them; `taken_back`: when a retry set which steps
 * back; `settlements`: how each step has settled, `until` when where a retry took that back.
 */
const FACTS = `
WITH RECURSIVE tagged AS MATERIALIZED (
  SELECT CASE WHEN r.rerun_of IS NULL THEN t.tag ELSE t.tag || '-again' END AS tag, r.*
  FROM runs r CROSS JOIN LATERAL (SELECT DISTINCT unnest(r.tags) AS tag) t
), defined AS MATERIALIZED (
  SELECT r.id AS run_id, (d.ord - 1)::int AS step_index, d.step, d.step ->> 'id' AS step_id,
    COALESCE(d.step ->> 'type', 'task') AS type, d.step -> 'config' AS config
  FROM runs r JOIN workflow_versions v ON v.id = r.version_id,
    json_array_elements(v.definition -> 'steps') WITH ORDINALITY AS d(step, ord)
), edges AS MATERIALIZED (
  SELECT d.run_id, d.step_index, p.step_index AS dependency
  FROM defined d CROSS JOIN json_array_elements(d.step -> 'depends_on') AS e(edge)
  JOIN defined p ON p.run_id = d.run_id AND p.step_id = COALESCE(e.edge ->> 'step', e.edge #>> '{}')
), attempts AS MATERIALIZED (
  SELECT run_id, step_index, attempt, status::text, started_at, completed_at FROM step_attempts
  UNION ALL
  SELECT run_id, step_index, attempt, status::text, started_at, completed_at FROM steps
  WHERE started_at IS NOT NULL AND status IN ('running', 'waiting', 'completed')
), evidence AS MATERIALIZED (
  SELECT run_id, step_index, started_at AS at, 'attempt ' || attempt AS what FROM attempts
  UNION ALL SELECT s.run_id, s.step_index, e.at, 'the effect of attempt ' || e.attempt
  FROM chaos.effects e JOIN steps s ON s.run_id = e.run_id AND s.step_id = e.step_id
  UNION ALL SELECT s.run_id, s.step_index, c.at, 'the call of attempt ' || c.attempt
  FROM chaos.calls c JOIN steps s ON s.run_id = c.run_id AND s.step_id = c.step_id
), placement AS (
  SELECT s.run_id, s.step_index, d.step AS def FROM steps s
  JOIN defined d ON d.run_id = s.run_id AND d.step_index = s.step_index WHERE s.parent_index IS NULL
  UNION ALL
  SELECT s.run_id, s.step_index, p.def -> 'config' -> 'step' FROM placement p
  JOIN steps s ON s.run_id = p.run_id AND s.parent_index = p.step_index AND s.item_index IS NOT NULL
), placed AS MATERIALIZED (
  SELECT s.*, p.def, COALESCE(p.def ->> 'type', 'task') AS type, p.def -> 'config' AS config
  FROM placement p JOIN steps s ON s.run_id = p.run_id AND s.step_index = p.step_index
), turned AS MATERIALIZED (
  SELECT t.run_id, t.at, CASE WHEN t.became = 'paused' THEN 'pause' WHEN t.became = 'cancelling' THEN 'cancel'
    WHEN t.was = 'paused' AND NOT EXISTS (SELECT FROM chaos.controls c WHERE c.run_id = t.run_id AND c.from_step IS NOT NULL)
    THEN 'resume' ELSE 'retry' END AS control
  FROM chaos.turns t
), cancelled_late AS MATERIALIZED (
  SELECT r.id FROM runs r JOIN turned t ON t.run_id = r.id AND t.control = 'cancel'
  LEFT JOIN (SELECT run_id, sum(counted) AS counted FROM chaos.controls WHERE control = 'cancel' GROUP BY run_id) c ON c.run_id = r.id
  WHERE r.status = 'cancelled' GROUP BY r.id, c.counted HAVING count(*) > COALESCE(c.counted, 0)
), lineage AS (
  SELECT id, id AS ancestor FROM runs
  UNION ALL SELECT l.id, r.parent_run_id FROM lineage l JOIN runs r ON r.id = l.ancestor WHERE r.parent_run_id IS NOT NULL
), repeated AS (
  SELECT d.run_id, d.step_index, d.step_id, c.counted
  FROM chaos.controls c JOIN defined d ON d.run_id = c.run_id AND d.step_id = c.from_step
  UNION
  SELECT d.run_id, d.step_index, d.step_id, p.counted FROM repeated p
  JOIN edges e ON e.run_id = p.run_id AND e.dependency = p.step_index
  JOIN defined d ON d.run_id = e.run_id AND d.step_index = e.step_index
), taken_back AS MATERIALIZED (
  SELECT run_id, step_id, at FROM chaos.revoked WHERE step_id IS NOT NULL
  UNION ALL
  SELECT p.run_id, p.step_id, t.at FROM repeated p JOIN chaos.turns t ON t.run_id = p.run_id AND t.was = 'paused'
), settlements AS MATERIALIZED (
  SELECT run_id, step_id, status::text, attempt, completed_at, NULL::timestamptz AS until FROM steps WHERE completed_at IS NOT NULL
  UNION ALL
  SELECT run_id, step_id, was, attempt, completed_at, at FROM chaos.revoked WHERE completed_at IS NOT NULL
)`

/** Each finds what breaks it. */
const RULES: Readonly<Record<string, string>> = {
  'an accepted run is there': `
    SELECT q.key, q.ids FROM chaos.requests q
    WHERE cardinality(q.ids) > 0 AND NOT EXISTS (SELECT FROM unnest(q.ids) AS u(id) JOIN runs r ON r.id = u.id)`,

  'a key has the runs that were asked for with it, once': `
    SELECT q.key, q.size, q.ids AS answered, array_agg(r.id) AS runs
    FROM chaos.requests q JOIN tagged r ON r.tag = q.key
    GROUP BY q.key, q.size, q.ids HAVING count(*) <> q.size OR NOT array_agg(r.id) @> q.ids`,

  'a run ends': `SELECT id, status FROM runs WHERE status NOT IN ${FINISHED}`,

  'a run ends as its steps must': `
    SELECT r.id, r.status, q.ends AS expected, left(r.error::text, 500) AS error
    FROM chaos.requests q JOIN tagged r ON r.tag = q.key
    WHERE r.status IN ${FINISHED} AND r.status::text <> q.ends AND r.id NOT IN (SELECT id FROM cancelled_late)`,

  'the steps explain the status of their run': `
    SELECT r.id, r.status, x.failed, x.cancelled FROM runs r
    JOIN (
      SELECT s.run_id, count(*) FILTER (WHERE s.status = 'failed' AND (d.step ->> 'on_error') IS DISTINCT FROM 'continue') AS failed,
        count(*) FILTER (WHERE s.status = 'cancelled') AS cancelled
      FROM steps s LEFT JOIN defined d ON d.run_id = s.run_id AND d.step_index = s.step_index
      WHERE s.parent_index IS NULL GROUP BY s.run_id) x ON x.run_id = r.id
    WHERE (r.status = 'completed' AND (x.failed > 0 OR x.cancelled > 0)) OR (r.status = 'failed' AND x.failed = 0)
      OR (r.status = 'failed') <> (r.error IS NOT NULL)`,

  'a run that has ended tells how many steps did what': `
    SELECT r.id, r.status, r.steps_completed, r.steps_failed, r.steps_skipped, x.* FROM runs r
    CROSS JOIN LATERAL (
      SELECT count(*) FILTER (WHERE s.status = 'completed') AS completed, count(*) FILTER (WHERE s.status = 'failed') AS failed,
        count(*) FILTER (WHERE s.status = 'skipped') AS skipped, count(*) AS total
      FROM steps s WHERE s.run_id = r.id AND s.parent_index IS NULL) x
    WHERE r.status IN ${FINISHED} AND (r.steps_completed, r.steps_failed, r.steps_skipped, r.steps_total)
      IS DISTINCT FROM (x.completed, x.failed, x.skipped, x.total)`,

  'a step settles before its run ends': `
    SELECT r.id, r.status, s.step_id, s.status AS step_status, s.waiting_for, s.wake_at
    FROM runs r JOIN steps s ON s.run_id = r.id
    WHERE r.status IN ${FINISHED}
      AND (s.status NOT IN ${SETTLED} OR s.waiting_for IS NOT NULL OR s.wake_at IS NOT NULL OR s.completed_at > r.completed_at)`,

  'a skipped step says why': `SELECT run_id, step_id FROM steps WHERE status = 'skipped' AND reason IS NULL`,

  // A call may be late: that of an attempt which a retry has abandoned while its worker was frozen.
  'a step begins after its dependencies have settled': `
    SELECT b.run_id, b.step_index, b.what, b.at, e.dependency, d.status, d.completed_at
    FROM edges e JOIN evidence b ON b.run_id = e.run_id AND b.step_index = e.step_index
    JOIN steps d ON d.run_id = e.run_id AND d.step_index = e.dependency
    WHERE NOT EXISTS (SELECT FROM settlements p WHERE p.run_id = d.run_id AND p.step_id = d.step_id
      AND p.completed_at <= b.at AND (p.until IS NULL OR p.until > b.at OR b.what LIKE 'the call%'))`,

  // What an item of the same place did before a repeat dropped it is not this one's.
  'an item begins after its map, a compensation after its step': `
    SELECT b.run_id, s.step_id, b.what, b.at, p.step_id AS parent, f.started_at, p.completed_at
    FROM steps s JOIN evidence b ON b.run_id = s.run_id AND b.step_index = s.step_index
    JOIN steps p ON p.run_id = s.run_id AND p.step_index = s.parent_index
    LEFT JOIN (SELECT run_id, step_index, min(started_at) AS started_at FROM attempts GROUP BY run_id, step_index) f
      ON f.run_id = p.run_id AND f.step_index = p.step_index
    LEFT JOIN (SELECT run_id, step_id, max(at) AS at FROM chaos.revoked WHERE became = 'dropped' GROUP BY run_id, step_id) d
      ON d.run_id = s.run_id AND d.step_id = s.step_id
    WHERE (d.at IS NULL OR b.at > d.at)
      AND ((s.item_index IS NOT NULL AND (f.started_at IS NULL OR f.started_at > b.at))
        OR (s.item_index IS NULL AND (p.status <> 'completed' OR p.completed_at > b.at)))`,

  'a step has one result': `
    SELECT run_id, step_index, count(*) AS results FROM step_results GROUP BY run_id, step_index HAVING count(*) > 1`,

  'a step has a result where it has completed, and only there': `
    SELECT COALESCE(s.run_id, x.run_id) AS run_id, COALESCE(s.step_index, x.step_index) AS step_index, s.status, x.run_id IS NOT NULL AS has_result
    FROM steps s FULL JOIN step_results x ON x.run_id = s.run_id AND x.step_index = s.step_index
    WHERE (s.status = 'completed') IS DISTINCT FROM (x.run_id IS NOT NULL)`,

  'an effect happens once, by the attempt that completed': `
    SELECT e.run_id, e.step_id, e.attempt, e.times FROM (
      SELECT run_id, step_id, attempt, count(*) AS times FROM chaos.effects GROUP BY run_id, step_id, attempt) e
    WHERE e.times > 1 OR NOT EXISTS (SELECT FROM settlements p
      WHERE p.run_id = e.run_id AND p.step_id = e.step_id AND p.attempt = e.attempt AND p.status = 'completed')`,

  'a completed transaction has had its effect': `
    SELECT s.run_id, s.step_id, p.attempt, p.until FROM placed s
    JOIN settlements p ON p.run_id = s.run_id AND p.step_id = s.step_id AND p.status = 'completed'
    WHERE s.config ->> 'action' = 'chaos_effect' AND NOT EXISTS (SELECT FROM chaos.effects e
      WHERE e.run_id = s.run_id AND e.step_id = s.step_id AND e.attempt = p.attempt)`,

  'the result of an action is what the call of its attempt was answered': `
    SELECT s.run_id, s.step_id, s.attempt, x.output ->> 'receipt' AS receipt
    FROM placed s JOIN step_results x ON x.run_id = s.run_id AND x.step_index = s.step_index
    WHERE s.config ->> 'action' = 'chaos_call' AND 1 <> (SELECT count(*) FROM chaos.calls c
      WHERE c.run_id = s.run_id AND c.step_id = s.step_id AND c.attempt = s.attempt AND c.receipt = x.output ->> 'receipt'
        AND c.idempotency_key = s.run_id || '.' || s.step_id)`,

  'attempts do not overlap, but for lost ones': `
    SELECT a.run_id, a.step_index, a.attempt, a.status, a.completed_at, b.attempt AS next, b.started_at AS next_started_at
    FROM attempts a JOIN attempts b ON b.run_id = a.run_id AND b.step_index = a.step_index AND b.attempt > a.attempt
    WHERE a.status <> 'lost' AND (a.completed_at IS NULL OR a.completed_at > b.started_at)`,

  'a lost attempt changes nothing': `
    SELECT s.run_id, s.step_id, s.attempt AS newest, a.attempt AS lost, s.status
    FROM steps s JOIN step_attempts a ON a.run_id = s.run_id AND a.step_index = s.step_index
    WHERE (a.status = 'lost' AND s.status = 'completed' AND a.attempt >= s.attempt) OR a.attempt > s.attempt`,

  'a failed attempt is counted, no more often than it may be repeated': `
    SELECT p.run_id, p.step_id, p.status, p.retry_count, a.failed, p.config ->> 'max_retries' AS max_retries FROM placed p
    LEFT JOIN (SELECT a.run_id, a.step_index, count(*) AS failed FROM step_attempts a
      JOIN steps s ON s.run_id = a.run_id AND s.step_index = a.step_index
      WHERE a.status = 'failed' AND NOT EXISTS (SELECT FROM taken_back v
        WHERE v.run_id = s.run_id AND v.step_id = s.step_id AND v.at > a.completed_at)
      GROUP BY a.run_id, a.step_index) a ON a.run_id = p.run_id AND a.step_index = p.step_index
    WHERE p.config ->> 'action' IS NOT NULL AND (p.retry_count > (p.config ->> 'max_retries')::int
      OR p.status IN ('completed', 'failed') AND p.retry_count + (p.status = 'failed')::int <> COALESCE(a.failed, 0))`,

  // A text with NUL, or half of a pair, could be written as JSON, but never read.
  'an error tells something, in text that can be read': `
    SELECT e.run_id, e.what, left(e.error::text, 500) AS error FROM (
      SELECT run_id, 'attempt ' || attempt AS what, error FROM step_attempts WHERE status = 'failed'
      UNION ALL SELECT run_id, step_id, error FROM steps WHERE status = 'failed'
      UNION ALL SELECT id, 'the run', error FROM runs WHERE status = 'failed') e
    WHERE CASE WHEN e.error IS NULL OR e.error::text ~ '\\\\u(0000|[dD][89a-fA-F])' THEN true
      ELSE length(COALESCE(e.error ->> 'message', '')) NOT BETWEEN 1 AND 20000 END`,

  'an order takes each step of its way once, in order': `
    SELECT o.id, o.status, h.way, h.is_in_time FROM orders o
    CROSS JOIN LATERAL (
      SELECT string_agg(h.status::text, ' ' ORDER BY h.id) AS way,
        bool_and(h.at >= h.before) IS NOT FALSE AS is_in_time
      FROM (SELECT h.*, lag(h.at) OVER (ORDER BY h.id) AS before FROM order_history h WHERE h.order_id = o.id) h) h
    WHERE NOT h.is_in_time OR h.way IS NULL OR split_part(h.way, ' ', -1) <> o.status::text
      OR h.way NOT IN ('pending', 'pending validated', 'pending validated charged', 'pending validated charged shipped',
        'pending validated charged refunded', 'pending validated charged shipped refunded')`,

  'an order arrives where its run takes it': `
    SELECT o.id, o.status, q.order_status AS expected, r.id AS run_id, r.status AS run_status
    FROM chaos.requests q JOIN tagged r ON r.tag = q.key LEFT JOIN orders o ON o.id = r.order_id
    WHERE q.order_status IS NOT NULL AND r.status IN ${FINISHED} AND o.status::text IS DISTINCT FROM q.order_status
      AND r.id NOT IN (SELECT id FROM cancelled_late)`,

  'a step that asks goes on once it is answered': `
    SELECT s.run_id, s.step_id, s.status, a.answers, a.open FROM placed s
    CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE a.status IN ('approved', 'rejected')) AS answers,
        count(*) FILTER (WHERE a.status = 'approved') AS approved, count(*) FILTER (WHERE a.status = 'open') AS open
      FROM approvals a WHERE a.run_id = s.run_id AND a.step_index = s.step_index) a
    CROSS JOIN LATERAL (SELECT count(*) AS times FROM turned t WHERE t.run_id = s.run_id AND t.control = 'retry') retried
    WHERE s.type = 'approval' AND s.status IN ('completed', 'failed')
      AND (a.answers NOT BETWEEN 1 AND 1 + retried.times OR a.open > 0 OR a.approved <> (s.status = 'completed')::int)`,

  'an accepted event is kept': `
    SELECT n.run_id, n.id FROM chaos.sent_events n LEFT JOIN events e ON e.id = n.id AND e.run_id = n.run_id WHERE e.id IS NULL`,

  'a step that waits for an event takes one': `
    SELECT s.run_id, s.step_id, s.status, count(e.id) AS taken FROM placed s
    LEFT JOIN events e ON e.run_id = s.run_id AND s.step_index = ANY(e.step_index || e.also_taken_by)
    WHERE s.type = 'wait_event'
    GROUP BY s.run_id, s.step_id, s.status HAVING count(e.id) <> (s.status = 'completed')::int`,

  'a step takes the event that it waits for': `
    SELECT s.run_id, s.step_id, s.config, e.name, e.data, x.output FROM placed s
    JOIN events e ON e.run_id = s.run_id AND s.step_index = ANY(e.step_index || e.also_taken_by)
    LEFT JOIN step_results x ON x.run_id = s.run_id AND x.step_index = s.step_index
    WHERE s.config ->> 'event' <> e.name OR x.output::jsonb IS DISTINCT FROM e.data::jsonb
      OR substring(s.config ->> 'match' FROM '\\d+$') <> e.data ->> 'n'`,

  'a wait is not cut short': `
    SELECT s.run_id, s.step_id, s.started_at, s.completed_at FROM placed s
    WHERE s.type = 'wait' AND s.status = 'completed'
      AND s.completed_at < s.started_at + ((s.config ->> 'seconds')::float8 - 0.002) * interval '1 second'`,

  // One that ended just before its parent was cancelled is followed by another where the parent is retried.
  'a workflow step has one child run, and others that were cancelled': `
    SELECT s.run_id, s.step_id, s.status, c.runs, c.completed FROM placed s
    LEFT JOIN (SELECT p.run_id, p.step_index, count(*) FILTER (WHERE c.status <> 'cancelled') AS runs,
        count(*) FILTER (WHERE c.status = 'completed') AS completed
      FROM steps p JOIN runs c ON c.parent_run_id = p.run_id AND c.parent_step_index = p.step_index
      WHERE NOT EXISTS (SELECT FROM taken_back v WHERE v.run_id = p.run_id AND v.step_id = p.step_id AND v.at > c.created_at)
      GROUP BY p.run_id, p.step_index) c ON c.run_id = s.run_id AND c.step_index = s.step_index
    WHERE s.type = 'workflow' AND (c.runs > 1 OR (s.status = 'completed' AND COALESCE(c.completed, 0) <> 1))`,

  ...MAP_RULES,
  ...CONTROL_RULES,
  ...REPEAT_RULES,
}

/** Names of all rules. */
export const RULE_NAMES = Object.keys(RULES)

/** Findings of one rule that are told; more of the same help nobody. */
const TOLD = 10

/**
 * Asks everything in one statement, and so of one instant. Nothing is found where all is well. Facts are joined as a whole,
 * never looked up row by row, since they have no indexes: 12,000 runs of 5 steps, more than twenty minutes of load, take 8 s.
 */
export async function findBreaches(
  ask: <Row extends pg.QueryResultRow>(text: string) => Promise<Row[]>,
): Promise<Finding[]> {
  const questions = Object.entries(RULES).map(
    ([rule, question]) => `(SELECT '${rule}' AS rule, to_json(q)::text AS what FROM (${question}) AS q LIMIT ${TOLD})`,
  )
  return ask<{ rule: string; what: string }>(`${FACTS} ${questions.join('\nUNION ALL\n')}`)
}
