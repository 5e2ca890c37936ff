import type pg from 'pg'

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
 * `tagged`: runs by their tags, which are the keys of requests; `defined`: the steps of each run as its definition has
 * them; `edges`: which depends on which; `attempts`: those that have ended without settling their step or failed it, and the
 * newest of each step; `evidence`: everything that shows that a step had begun at some time; `doing`: the steps and items
 * that run an action.
 */
const FACTS = `
WITH tagged AS MATERIALIZED (
  SELECT t.tag, r.* FROM runs r CROSS JOIN LATERAL (SELECT DISTINCT unnest(r.tags) AS tag) t
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
), doing AS MATERIALIZED (
  SELECT s.*, CASE WHEN s.parent_index IS NULL THEN d.config ->> 'action'
    WHEN s.item_index IS NOT NULL THEN d.config -> 'step' -> 'config' ->> 'action' END AS action
  FROM steps s LEFT JOIN defined d ON d.run_id = s.run_id AND d.step_index = COALESCE(s.parent_index, s.step_index)
)`

/** Each finds what breaks it. */
const RULES: Readonly<Record<string, string>> = {
  'an accepted run is there': `
    SELECT q.key, q.ids FROM chaos.requests q
    WHERE cardinality(q.ids) > 0 AND NOT EXISTS (SELECT FROM unnest(q.ids) AS u(id) JOIN runs r ON r.id = u.id)`,

  'a key has one run': `
    SELECT q.key, q.ids AS answered, array_agg(r.id) AS runs
    FROM chaos.requests q JOIN tagged r ON r.tag = q.key
    GROUP BY q.key, q.ids HAVING count(*) > 1 OR NOT array_agg(r.id) @> q.ids`,

  'a run ends': `SELECT id, status FROM runs WHERE status NOT IN ${FINISHED}`,

  'a run ends as its steps must': `
    SELECT r.id, r.status, q.ends AS expected, r.error ->> 'message' AS error
    FROM chaos.requests q JOIN tagged r ON r.tag = q.key
    WHERE r.status IN ${FINISHED} AND r.status::text <> q.ends`,

  'the steps explain the status of their run': `
    SELECT r.id, r.status, x.failed, x.cancelled FROM runs r
    JOIN (
      SELECT s.run_id, count(*) FILTER (WHERE s.status = 'failed' AND (d.step ->> 'on_error') IS DISTINCT FROM 'continue') AS failed,
        count(*) FILTER (WHERE s.status = 'cancelled') AS cancelled
      FROM steps s LEFT JOIN defined d ON d.run_id = s.run_id AND d.step_index = s.step_index
      WHERE s.parent_index IS NULL GROUP BY s.run_id) x ON x.run_id = r.id
    WHERE (r.status = 'completed' AND (x.failed > 0 OR x.cancelled > 0)) OR (r.status = 'failed' AND x.failed = 0)
      OR r.status = 'cancelled' OR (r.status = 'failed') <> (r.error IS NOT NULL)`,

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

  'a step begins after its dependencies have settled': `
    SELECT b.run_id, b.step_index, b.what, b.at, e.dependency, d.status, d.completed_at
    FROM edges e JOIN evidence b ON b.run_id = e.run_id AND b.step_index = e.step_index
    JOIN steps d ON d.run_id = e.run_id AND d.step_index = e.dependency
    WHERE d.completed_at IS NULL OR d.completed_at > b.at`,

  'an item begins after its map, a compensation after its step': `
    SELECT b.run_id, s.step_id, b.what, b.at, p.step_id AS parent, p.started_at, p.completed_at
    FROM steps s JOIN evidence b ON b.run_id = s.run_id AND b.step_index = s.step_index
    JOIN steps p ON p.run_id = s.run_id AND p.step_index = s.parent_index
    WHERE (s.item_index IS NOT NULL AND (p.started_at IS NULL OR p.started_at > b.at))
      OR (s.item_index IS NULL AND (p.status <> 'completed' OR p.completed_at > b.at))`,

  'a step has one result': `
    SELECT run_id, step_index, count(*) AS results FROM step_results GROUP BY run_id, step_index HAVING count(*) > 1`,

  'a step has a result where it has completed, and only there': `
    SELECT COALESCE(s.run_id, x.run_id) AS run_id, COALESCE(s.step_index, x.step_index) AS step_index, s.status, x.run_id IS NOT NULL AS has_result
    FROM steps s FULL JOIN step_results x ON x.run_id = s.run_id AND x.step_index = s.step_index
    WHERE (s.status = 'completed') IS DISTINCT FROM (x.run_id IS NOT NULL)`,

  'an effect happens once, by the attempt that completed': `
    SELECT e.run_id, e.step_id, array_agg(e.attempt) AS attempts, s.status, s.attempt
    FROM chaos.effects e LEFT JOIN steps s ON s.run_id = e.run_id AND s.step_id = e.step_id
    GROUP BY e.run_id, e.step_id, s.status, s.attempt
    HAVING count(*) > 1 OR s.status IS DISTINCT FROM 'completed' OR min(e.attempt) <> s.attempt`,

  'a completed transaction has had its effect': `
    SELECT s.run_id, s.step_id, s.attempt FROM doing s
    WHERE s.status = 'completed' AND s.action = 'chaos_effect'
      AND NOT EXISTS (SELECT FROM chaos.effects e WHERE e.run_id = s.run_id AND e.step_id = s.step_id)`,

  'the result of an action is what the call of its attempt was answered': `
    SELECT s.run_id, s.step_id, s.attempt, x.output ->> 'receipt' AS receipt
    FROM doing s JOIN step_results x ON x.run_id = s.run_id AND x.step_index = s.step_index
    WHERE s.action = 'chaos_call' AND 1 <> (SELECT count(*) FROM chaos.calls c
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

  'what has settled stays': `SELECT * FROM chaos.revoked`,

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
    WHERE q.order_status IS NOT NULL AND r.status IN ${FINISHED} AND o.status::text IS DISTINCT FROM q.order_status`,

  'a step that asks goes on once it is answered': `
    SELECT d.run_id, d.step_id, s.status, a.answers, a.open FROM defined d
    JOIN steps s ON s.run_id = d.run_id AND s.step_index = d.step_index
    CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE a.status IN ('approved', 'rejected')) AS answers,
        count(*) FILTER (WHERE a.status = 'approved') AS approved, count(*) FILTER (WHERE a.status = 'open') AS open
      FROM approvals a WHERE a.run_id = d.run_id AND a.step_index = d.step_index) a
    WHERE d.type = 'approval' AND s.status IN ('completed', 'failed')
      AND (a.answers <> 1 OR a.open > 0 OR (s.status = 'completed') <> (a.approved = 1))`,

  'a step that waits for an event takes one': `
    SELECT d.run_id, d.step_id, s.status, count(e.id) AS taken FROM defined d
    JOIN steps s ON s.run_id = d.run_id AND s.step_index = d.step_index
    LEFT JOIN events e ON e.run_id = d.run_id AND d.step_index = ANY(e.step_index || e.also_taken_by)
    WHERE d.type = 'wait_event'
    GROUP BY d.run_id, d.step_id, s.status HAVING count(e.id) <> (s.status = 'completed')::int`,

  'a wait is not cut short': `
    SELECT d.run_id, d.step_id, s.started_at, s.completed_at FROM defined d
    JOIN steps s ON s.run_id = d.run_id AND s.step_index = d.step_index
    WHERE d.type = 'wait' AND s.status = 'completed'
      AND s.completed_at < s.started_at + ((d.config ->> 'seconds')::float8 - 0.002) * interval '1 second'`,

  'a workflow step has one child run': `
    SELECT d.run_id, d.step_id, s.status, c.runs FROM defined d
    JOIN steps s ON s.run_id = d.run_id AND s.step_index = d.step_index
    CROSS JOIN LATERAL (SELECT count(*) AS runs, count(*) FILTER (WHERE c.status = 'completed') AS completed
      FROM runs c WHERE c.parent_run_id = d.run_id AND c.parent_step_index = d.step_index) c
    WHERE d.type = 'workflow' AND (c.runs > 1 OR (s.status = 'completed' AND c.completed <> 1))`,

  'a map has all its items once': `
    SELECT d.run_id, d.step_id, s.status, i.places FROM defined d
    JOIN steps s ON s.run_id = d.run_id AND s.step_index = d.step_index
    CROSS JOIN LATERAL (SELECT COALESCE(array_agg(i.item_index ORDER BY i.item_index), '{}') AS places,
        COALESCE(bool_and(i.status IN ${SETTLED}), true) AS settled
      FROM steps i WHERE i.run_id = d.run_id AND i.parent_index = d.step_index AND i.item_index IS NOT NULL) i
    WHERE d.type = 'map' AND s.status = 'completed' AND (NOT i.settled
      OR i.places <> ARRAY(SELECT n FROM generate_series(0, json_array_length(d.config -> 'items') - 1) AS n))`,
}

/** Names of all rules. */
export const RULE_NAMES = Object.keys(RULES)

/** Findings of one rule that are told; more of the same help nobody. */
const TOLD = 10

/**
 * Asks everything in one statement, and so of one instant. Nothing is found where all is well. Facts are joined as a whole,
 * never looked up row by row, since they have no indexes: 9,000 runs of 5 steps, some twenty minutes of load, take 2 s.
 */
export async function findBreaches(
  ask: <Row extends pg.QueryResultRow>(text: string) => Promise<Row[]>,
): Promise<Finding[]> {
  const questions = Object.entries(RULES).map(
    ([rule, question]) => `(SELECT '${rule}' AS rule, to_json(q)::text AS what FROM (${question}) AS q LIMIT ${TOLD})`,
  )
  return ask<{ rule: string; what: string }>(`${FACTS} ${questions.join('\nUNION ALL\n')}`)
}
