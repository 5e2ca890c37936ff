import type { Ask } from './ledger.ts'
import { FAULT_KINDS, type FaultKind } from './schedule.ts'

/** How long it took until all that a fault may have interrupted went on. */
export interface Recovery {
  kind: FaultKind
  faults: number
  p50Ms: number
  maxMs: number
}

/**
 * From the begin of a fault to the moment by which every run that was unfinished then has moved since: one of its steps has
 * begun, failed an attempt or settled, or the run has ended. Runs that somebody has stand still do not count, nor what they
 * have started. What the load takes without any fault (its longest steps, its
 * timers, people who look into their inbox now and then) is part of it: see what `calm` takes. So is a second fault that
 * comes on top. Each stretch in which a run does not move is put to the faults that it holds: there are few, and a look at all
 * runs for each fault took minutes.
 */
const RECOVERIES = `
WITH held AS MATERIALIZED (
  SELECT r.id FROM chaos.requests q JOIN runs r ON r.tags @> ARRAY[q.key] WHERE q.is_held
), moments AS MATERIALIZED (
  SELECT run_id, started_at AS at FROM steps WHERE started_at IS NOT NULL
  UNION ALL SELECT run_id, completed_at FROM steps WHERE completed_at IS NOT NULL
  UNION ALL SELECT run_id, started_at FROM step_attempts
  UNION ALL SELECT run_id, completed_at FROM step_attempts WHERE status <> 'lost'
  UNION ALL SELECT id, completed_at FROM runs WHERE completed_at IS NOT NULL
), gaps AS (
  SELECT lag(m.at, 1, r.created_at) OVER (PARTITION BY r.id ORDER BY m.at) AS since, m.at
  FROM runs r JOIN moments m ON m.run_id = r.id
  WHERE r.id NOT IN (SELECT id FROM held) AND COALESCE(r.parent_run_id, r.id) NOT IN (SELECT id FROM held)
), times AS (
  SELECT array_agg(at ORDER BY at) AS ats FROM chaos.faults
), moved AS (
  SELECT nth, max(g.at) AS at
  FROM gaps g, times, generate_series(width_bucket(g.since, ats) + 1, width_bucket(g.at, ats)) AS nth
  GROUP BY nth
)
SELECT f.kind, COALESCE(extract(epoch FROM m.at - f.at) * 1000, 0)::float8 AS ms
FROM (SELECT kind, at, row_number() OVER (ORDER BY at) AS nth FROM chaos.faults) f LEFT JOIN moved m USING (nth)`

/** One row for each kind that happened. */
export async function measureRecovery(ask: Ask): Promise<Recovery[]> {
  const rows = await ask<{ kind: FaultKind; ms: number }>(RECOVERIES)
  return FAULT_KINDS.flatMap((kind) => {
    const times = rows.filter((row) => row.kind === kind).map(({ ms }) => ms)
    return times.length === 0 ? [] : [{ kind, faults: times.length, ...spread(times) }]
  })
}

function spread(times: readonly number[]): { p50Ms: number; maxMs: number } {
  const sorted = [...times].sort((a, b) => a - b)
  return { p50Ms: Math.round(sorted[Math.ceil(sorted.length / 2) - 1]!), maxMs: Math.round(sorted.at(-1)!) }
}
