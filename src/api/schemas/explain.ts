import { z } from '@hono/zod-openapi'
import { RUN_STATUSES, STEP_STATUSES } from '../../workflow/states.ts'
import { id, timestamp, timestampOrNull } from './fields.ts'

const text = z.string().openapi({ description: 'A sentence' })

const reasonSchema = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('step'),
      text,
      step_id: z.string(),
      status: z.enum(STEP_STATUSES),
      skipped: z.int().optional().openapi({ description: 'Steps in between that a long chain leaves out' }),
    }),
    z.object({
      kind: z.literal('approval'),
      text,
      approval_id: id,
      approvers: z.array(z.string()).nullable().openapi({ description: 'Who may decide; null: anyone' }),
      quorum: z.int(),
      approved_by: z.array(z.string()).openapi({ description: 'Who has approved so far' }),
      expires_at: timestampOrNull,
    }),
    z.object({
      kind: z.literal('event'),
      text,
      name: z.string(),
      match: z.string().optional().openapi({ description: 'CEL: only an event for which it holds' }),
      expires_at: timestampOrNull,
    }),
    z.object({ kind: z.literal('timer'), text, until: timestamp }),
    z.object({
      kind: z.literal('run'),
      text,
      run_id: id,
      status: z.enum(RUN_STATUSES).nullable().openapi({ description: 'Of the child run; null: it is about to start' }),
    }),
    z.object({
      kind: z.literal('items'),
      text,
      total: z.int(),
      settled: z.int(),
      running: z.int(),
      failed: z.int().openapi({ description: 'Of those that have settled' }),
      concurrency: z.int().nullable().openapi({ description: 'How many may be under way at once; null: all' }),
    }),
    z.object({
      kind: z.literal('slot'),
      text,
      key: z.string().openapi({ description: 'Value of the workflow’s `concurrency.key`; empty without one' }),
      limit: z.int(),
      held_by: z.array(id).openapi({ description: 'Runs that hold the slots, the first ten' }),
      ahead: z.int().openapi({ description: 'Older runs that wait for the same slots; 1,000 at most are counted' }),
    }),
    z.object({ kind: z.literal('start'), text, at: timestamp }),
    z.object({
      kind: z.literal('worker'),
      text,
      queue: z.string(),
      action: z.string().nullable().openapi({ description: 'Only workers that offer it count; null: all do' }),
      alive: z.int().openapi({ description: 'Workers that could take the step' }),
      busy: z.int().openapi({ description: 'All of them while none has room, else 0: one is about to take the step' }),
    }),
    z.object({
      kind: z.literal('retry'),
      text,
      at: timestamp,
      attempt: z.int().openapi({ description: 'The attempt that failed' }),
      error: z.string().nullable(),
    }),
    z.object({
      kind: z.literal('running'),
      text,
      worker: z.string().nullable().openapi({ example: 'worker-1:4711' }),
      since: timestampOrNull,
      attempt: z.int(),
    }),
    z.object({ kind: z.literal('paused'), text }),
    z.object({ kind: z.literal('cancelling'), text }),
    z.object({ kind: z.literal('queue'), text }),
    z.object({ kind: z.literal('unexplained'), text }),
  ])
  .openapi('Reason')

/** Why a run and its steps do not go on. */
export const whySchema = z
  .object({
    run_id: id,
    status: z.enum(RUN_STATUSES),
    text,
    reasons: z.array(reasonSchema).openapi({ description: 'Of the run as a whole' }),
    steps: z
      .array(
        z.object({
          step_id: z.string(),
          status: z.enum(STEP_STATUSES),
          text,
          chain: z.array(reasonSchema).openapi({ description: 'From the step to the root cause' }),
        }),
      )
      .openapi({ description: 'Unsettled steps, items of maps (20 of a map, 200 of a run) and compensations' }),
  })
  .openapi('Why')
