import { z } from '@hono/zod-openapi'
import { REPAIRS, type Drift, type repairDrift } from '../../engine/drift.ts'
import type { FlushDrill } from '../../engine/flush-drill.ts'
import { id, iso, timestamp } from './fields.ts'

/** Findings that an answer names; the counts tell of all. */
const ITEMS_SHOWN = 1_000

/** Where Postgres and the queue differ. */
export const driftSchema = z
  .object({
    agrees: z.boolean().openapi({ description: 'Whether nothing was found' }),
    complete: z.boolean().openapi({ description: 'Whether everything was looked at, within `limit` and 20 s' }),
    looked_at: z.object({
      runs: z.int().openapi({ description: 'Unfinished runs' }),
      jobs: z.int().openapi({ description: 'Jobs in the queue that have not finished' }),
    }),
    missing_jobs: z.int().openapi({ description: 'Postgres says due, the queue does not know' }),
    leftover_jobs: z.int().openapi({ description: 'The queue holds, Postgres says settled' }),
    items: z
      .array(
        z.object({
          kind: z.enum(['missing_job', 'leftover_job']),
          run_id: z.string(),
          step_id: z.string().nullable().openapi({ description: 'Null: the job that ends the run' }),
          epoch: z.int(),
          queue: z.string().nullable().openapi({ description: 'BullMQ queue of a job that is left over' }),
          text: z.string(),
          repair: z.enum(REPAIRS).nullable().openapi({
            description:
              'What became of it: the run was dispatched anew; the job is gone; a worker holds the job, which is left to it; the queue refused. Null: nobody asked',
          }),
        }),
      )
      .openapi({ description: `The first ${ITEMS_SHOWN.toLocaleString('en')}` }),
  })
  .openapi('Drift')

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

const milliseconds = z.int().nonnegative()

/** What a flush drill showed. */
export const flushDrillSchema = z
  .object({
    unfinished: z.int().openapi({ description: 'Runs that were unfinished when the queue was emptied' }),
    keys_removed: z.int().openapi({ description: 'Keys of Redis, or rows of BullMQ’s tables' }),
    wiped_at: timestamp,
    back_after_ms: milliseconds.openapi({ description: 'Until all of them were back' }),
    median_ms: milliseconds.openapi({ description: 'Until half of them were back' }),
    slowest: z.array(z.object({ run_id: id, back_after_ms: milliseconds })).openapi({ description: 'At most five' }),
  })
  .openapi('FlushDrill')

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
