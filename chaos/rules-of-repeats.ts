/** What retries may take back, and what they must, in the terms of ./checker.ts. */
export const REPEAT_RULES: Readonly<Record<string, string>> = {
  // What failed, was cancelled or skipped comes back with the retry of its run; what has completed only where the run is
  // repeated from it, or from what it depends on, and then nothing else does. A repeat whose answer got lost is sent again,
  // and may find the run under way.
  'what has settled stays, unless it is retried': `
    SELECT v.* FROM chaos.revoked v
    CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM repeated p WHERE p.run_id = v.run_id
      AND (v.step_id IS NULL OR p.step_id = split_part(v.step_id, '[', 1))) AS is_repeated) x
    WHERE (NOT x.is_repeated AND ((v.was, v.became) NOT IN (('failed', 'pending'), ('cancelled', 'pending'), ('skipped', 'pending'), ('failed', 'queued'), ('cancelled', 'queued'))
        OR NOT EXISTS (SELECT FROM chaos.revoked r WHERE r.tx = v.tx AND r.run_id = v.run_id AND r.step_id IS NULL)
        OR NOT EXISTS (SELECT FROM chaos.controls c WHERE c.run_id = v.run_id AND c.control = 'retry' AND c.from_step IS NULL)))
      OR v.became NOT IN ('pending', 'queued', 'dropped')`,

  // In a paused run it may not have settled before.
  'what a run is repeated from runs again, with all that depends on it': `
    SELECT p.run_id, p.step_id FROM repeated p
    WHERE p.counted > 0 AND NOT EXISTS (SELECT FROM chaos.revoked v WHERE v.run_id = p.run_id AND v.step_id = p.step_id)
      AND NOT EXISTS (SELECT FROM chaos.turns t JOIN steps s ON s.run_id = t.run_id
        WHERE t.run_id = p.run_id AND t.was = 'paused' AND s.step_index = p.step_index AND s.completed_at > t.at)`,

  'an approval that a run is repeated from is asked again': `
    SELECT s.run_id, s.step_id, v.at AS repeated_at FROM placed s
    JOIN chaos.controls c ON c.run_id = s.run_id AND c.from_step = s.step_id
    JOIN chaos.revoked v ON v.run_id = s.run_id AND v.step_id = s.step_id AND v.was = 'completed'
    WHERE s.type = 'approval' AND s.status = 'completed' AND NOT EXISTS (SELECT FROM approvals a
      WHERE a.run_id = s.run_id AND a.step_index = s.step_index AND a.status = 'approved' AND a.created_at > v.at)`,
}
