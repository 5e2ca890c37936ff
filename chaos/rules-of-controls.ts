/**
 * What must hold of runs that operators meddle with, in the terms of ./checker.ts. `turns` are the moments at which controls
 * were committed.
 */

/**
 * A worker that hears of nothing (its Redis is away, it is frozen) may begin a step of a paused run by what the commit of
 * the step before has told it, for so long and no longer,
 */
const FORESEEN = `interval '4.2 seconds'`
/** and only if that commit did not know of the pause; it may have begun before, and waited for it. */
const UNKNOWN = `interval '1 second'`

export const CONTROL_RULES: Readonly<Record<string, string>> = {
  'a control counts once, and nobody else controls a run': `
    SELECT COALESCE(c.run_id, t.run_id) AS run_id, COALESCE(c.control, t.control) AS control, c.counted, c.tries, t.times
    FROM (SELECT run_id, control, sum(counted) AS counted, sum(tries) AS tries FROM chaos.controls GROUP BY run_id, control) c
    FULL JOIN (SELECT t.run_id, t.control, count(*) AS times FROM turned t JOIN runs r ON r.id = t.run_id
      WHERE r.parent_run_id IS NULL OR EXISTS (SELECT FROM chaos.controls k WHERE k.run_id = r.id)
      GROUP BY t.run_id, t.control) t ON t.run_id = c.run_id AND t.control = c.control
    WHERE COALESCE(t.times, 0) NOT BETWEEN COALESCE(c.counted, 0) AND COALESCE(c.tries, 0)`,

  // A repeat may count where the run had not ended, so that its state does not turn.
  'a control that counted is written down': `
    SELECT t.run_id, t.control, t.times, COALESCE(n.times, 0) AS noted
    FROM (SELECT t.run_id, t.control, count(*) AS times FROM turned t JOIN runs r ON r.id = t.run_id
      WHERE r.parent_run_id IS NULL GROUP BY t.run_id, t.control) t
    LEFT JOIN (SELECT run_id, control::text AS control, count(*) AS times FROM run_controls GROUP BY run_id, control) n
      ON n.run_id = t.run_id AND n.control = t.control
    WHERE COALESCE(n.times, 0) < t.times OR (n.times > t.times AND t.control <> 'retry')`,

  // The step may have been set back, and begun another, or been dropped; or the failure of another has stopped its run.
  'a run is cancelled by somebody, or with the step that has started it': `
    SELECT r.id, r.parent_run_id FROM runs r
    WHERE r.status = 'cancelled'
      AND NOT EXISTS (SELECT FROM lineage l JOIN chaos.controls c ON c.run_id = l.ancestor AND c.control = 'cancel' WHERE l.id = r.id)
      AND NOT EXISTS (SELECT FROM steps s WHERE s.run_id = r.parent_run_id AND s.step_index = r.parent_step_index AND s.status = 'cancelled')
      AND NOT EXISTS (SELECT FROM steps s JOIN runs p ON p.id = s.run_id
        WHERE p.id = r.parent_run_id AND s.step_index = r.parent_step_index AND s.status = 'skipped' AND p.halted_by IS NOT NULL)
      AND NOT EXISTS (SELECT FROM taken_back v WHERE v.run_id = r.parent_run_id AND v.at > r.created_at)`,

  'a child run is cancelled with its step': `
    SELECT s.run_id, s.step_id, s.completed_at, c.id AS child, c.status, c.completed_at AS child_completed_at
    FROM steps s JOIN runs c ON c.parent_run_id = s.run_id AND c.parent_step_index = s.step_index
    WHERE s.status = 'cancelled' AND c.status <> 'cancelled' AND (c.completed_at IS NULL OR c.completed_at > s.completed_at)`,

  // Its compensations do: they have rows of their own.
  'nothing begins in a run that was cancelled': `
    SELECT a.run_id, s.step_id, a.attempt, a.status, a.started_at, t.at AS cancelled_at
    FROM turned t JOIN attempts a ON a.run_id = t.run_id AND a.started_at > t.at
    JOIN steps s ON s.run_id = a.run_id AND s.step_index = a.step_index
    WHERE t.control = 'cancel' AND (s.parent_index IS NULL OR s.item_index IS NOT NULL)
      AND NOT EXISTS (SELECT FROM turned u WHERE u.run_id = t.run_id AND u.control = 'retry' AND u.at > t.at AND u.at <= a.started_at)`,

  'nothing begins in a run that is paused, but for what was foreseen': `
    SELECT a.run_id, a.step_index, a.attempt, a.status, a.started_at, t.at AS paused_at
    FROM turned t JOIN attempts a ON a.run_id = t.run_id AND a.started_at > t.at
    WHERE t.control = 'pause'
      AND NOT EXISTS (SELECT FROM turned u WHERE u.run_id = t.run_id AND u.control <> 'pause' AND u.at > t.at AND u.at <= a.started_at)
      AND (a.started_at > t.at + ${FORESEEN} OR EXISTS (SELECT FROM edges e
        JOIN steps s ON s.run_id = e.run_id AND s.step_index = e.dependency
        JOIN settlements d ON d.run_id = s.run_id AND d.step_id = s.step_id
        WHERE e.run_id = a.run_id AND e.step_index = a.step_index
          AND d.completed_at > t.at + ${UNKNOWN} AND d.completed_at <= a.started_at))`,

  'what a run has done is undone once, unless it completes': `
    SELECT p.run_id, p.step_id, p.status, r.status AS run_status, c.times, c.completed
    FROM placed p JOIN runs r ON r.id = p.run_id
    CROSS JOIN LATERAL (SELECT count(*) AS times, count(*) FILTER (WHERE c.status = 'completed') AS completed FROM steps c
      WHERE c.run_id = p.run_id AND c.parent_index = p.step_index AND c.item_index IS NULL) c
    WHERE r.completed_at IS NOT NULL AND (c.times <> c.completed OR c.completed
      <> (p.def -> 'compensate' IS NOT NULL AND p.status = 'completed' AND r.status <> 'completed')::int)`,

  'what is undone is undone one after the other, the last first': `
    SELECT c.run_id, c.step_id, c.began_at, c.done_at, c.before FROM (
      SELECT c.run_id, c.step_id, a.began_at, p.completed_at AS done_at,
        lag(c.completed_at) OVER before AS undone_before, lag(p.completed_at) OVER before AS done_after, lag(c.step_id) OVER before AS before
      FROM steps c JOIN steps p ON p.run_id = c.run_id AND p.step_index = c.parent_index
      JOIN (SELECT run_id, step_index, min(started_at) AS began_at FROM attempts GROUP BY run_id, step_index) a
        ON a.run_id = c.run_id AND a.step_index = c.step_index
      WHERE c.item_index IS NULL
      WINDOW before AS (PARTITION BY c.run_id ORDER BY c.step_index)) c
    WHERE c.done_after < c.done_at OR c.undone_before > c.began_at OR (c.before IS NOT NULL AND c.undone_before IS NULL)`,
}
