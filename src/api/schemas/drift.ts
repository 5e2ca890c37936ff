import { z } from '@hono/zod-openapi'
import { REPAIRS } from '../../workflow/drift.ts'
import { id, timestamp } from './fields.ts'

/** Findings that an answer names; the counts tell of all. */
export const ITEMS_SHOWN = 1_000

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
