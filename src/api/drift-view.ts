import type { z } from '@hono/zod-openapi'
import type { Drift, repairDrift } from '../engine/drift.ts'
import type { FlushDrill } from '../engine/flush-drill.ts'
import { ITEMS_SHOWN, type driftSchema, type flushDrillSchema } from './schemas/drift.ts'
import { iso } from './schemas/fields.ts'

/** Shows a comparison, with what became of each finding where it was to be repaired. */
export function showDrift(drift: Drift | Awaited<ReturnType<typeof repairDrift>>): z.infer<typeof driftSchema> {
  const { complete, runs, jobs, findings } = drift
  const repairs = 'repairs' in drift ? drift.repairs : []
  const missing = findings.filter(({ kind }) => kind === 'missing_job').length
  return {
    agrees: findings.length === 0,
    complete,
    looked_at: { runs, jobs },
    missing_jobs: missing,
    leftover_jobs: findings.length - missing,
    items: findings.slice(0, ITEMS_SHOWN).map(({ kind, run, step, epoch, job, text }, index) => ({
      kind,
      run_id: run,
      step_id: step,
      epoch,
      queue: job?.queue ?? null,
      text,
      repair: repairs[index] ?? null,
    })),
  }
}

/** Shows a flush drill. */
export function showFlushDrill(drill: FlushDrill): z.infer<typeof flushDrillSchema> {
  return {
    unfinished: drill.unfinished,
    keys_removed: drill.keysRemoved,
    wiped_at: iso(drill.wipedAt),
    back_after_ms: drill.backAfterMs,
    median_ms: drill.medianMs,
    slowest: drill.slowest.map(({ run, backAfterMs }) => ({ run_id: run, back_after_ms: backAfterMs })),
  }
}
