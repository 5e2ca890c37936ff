/** What must hold of maps, in the terms of ./checker.ts. */
export const MAP_RULES: Readonly<Record<string, string>> = {
  'a map has all its items once': `
    SELECT m.run_id, m.step_id, m.status, i.places FROM placed m
    CROSS JOIN LATERAL (SELECT COALESCE(array_agg(i.item_index ORDER BY i.item_index), '{}') AS places,
        COALESCE(bool_and(i.completed_at IS NOT NULL), true) AS settled
      FROM steps i WHERE i.run_id = m.run_id AND i.parent_index = m.step_index AND i.item_index IS NOT NULL) i
    WHERE m.type = 'map' AND m.status = 'completed' AND (NOT i.settled OR i.places <> ARRAY(
      SELECT n FROM generate_series(0, json_array_length(CASE json_typeof(m.config -> 'items') WHEN 'array' THEN m.config -> 'items' ELSE m.item END) - 1) AS n))`,

  // Whether an attempt was lost makes no difference: its item was under way until the next one took over, and then still is.
  'a map has no more items under way than its concurrency': `
    SELECT m.run_id, m.step_id, i.step_id AS item, a.attempt, a.started_at, count(DISTINCT b.step_index) + 1 AS under_way
    FROM placed m JOIN steps i ON i.run_id = m.run_id AND i.parent_index = m.step_index AND i.item_index IS NOT NULL
    JOIN attempts a ON a.run_id = i.run_id AND a.step_index = i.step_index
    JOIN steps o ON o.run_id = m.run_id AND o.parent_index = m.step_index AND o.item_index <> i.item_index
    JOIN attempts b ON b.run_id = o.run_id AND b.step_index = o.step_index
      AND b.started_at <= a.started_at AND (b.completed_at IS NULL OR b.completed_at > a.started_at)
    WHERE m.type = 'map'
    GROUP BY m.run_id, m.step_index, m.step_id, m.config ->> 'concurrency', i.step_id, a.attempt, a.started_at
    HAVING count(DISTINCT b.step_index) >= (m.config ->> 'concurrency')::int`,

  'a map has the results of its items in their order': `
    SELECT m.run_id, m.step_id, x.output, i.outputs
    FROM placed m JOIN step_results x ON x.run_id = m.run_id AND x.step_index = m.step_index
    CROSS JOIN LATERAL (SELECT jsonb_agg(y.output::jsonb ORDER BY i.item_index) AS outputs
      FROM steps i LEFT JOIN step_results y ON y.run_id = i.run_id AND y.step_index = i.step_index
      WHERE i.run_id = m.run_id AND i.parent_index = m.step_index AND i.item_index IS NOT NULL) i
    WHERE m.type = 'map' AND x.output::jsonb <> i.outputs`,

  'an item has the result of its place': `
    SELECT i.run_id, i.step_id, i.item_index, x.output
    FROM placed i JOIN step_results x ON x.run_id = i.run_id AND x.step_index = i.step_index
    WHERE i.def -> 'input' ->> 'place' = '$index' AND x.output ->> 'place' IS DISTINCT FROM i.item_index::text`,

  'an item settles before its map': `
    SELECT m.run_id, m.step_id, m.status, m.completed_at, i.step_id AS item, i.status AS item_status, i.completed_at AS item_completed_at
    FROM placed m JOIN steps i ON i.run_id = m.run_id AND i.parent_index = m.step_index AND i.item_index IS NOT NULL
    WHERE m.status IN ('completed', 'failed') AND (i.completed_at IS NULL OR i.completed_at > m.completed_at)`,

  'a map has the time that it may take': `
    SELECT m.run_id, m.step_id, m.status, m.error, m.started_at, m.completed_at FROM placed m
    WHERE m.type = 'map' AND m.status = 'failed' AND m.error::text LIKE '%"timeout"%'
      AND (m.def ->> 'timeout_seconds' IS NULL OR m.completed_at < m.started_at + (m.def ->> 'timeout_seconds')::float8 * interval '1 second')`,
}
