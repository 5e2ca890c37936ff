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
 * comes on top.
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
)
SELECT f.kind, COALESCE(extract(epoch FROM max(m.first) - f.at) * 1000, 0)::float8 AS ms
FROM chaos.faults f
LEFT JOIN LATERAL (
  SELECT min(m.at) AS first FROM runs r JOIN moments m ON m.run_id = r.id
  WHERE r.created_at < f.at AND (r.completed_at IS NULL OR r.completed_at > f.at) AND m.at > f.at
    AND r.id NOT IN (SELECT id FROM held) AND COALESCE(r.parent_run_id, r.id) NOT IN (SELECT id FROM held)
  GROUP BY r.id
) m ON true
GROUP BY f.place, f.kind, f.at`

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
