import { z } from '@hono/zod-openapi'
import { ATTEMPT_STATUSES, STEP_STATUSES } from '../../workflow/states.ts'
import { payload } from '../payload.ts'
import { timestamp, timestampOrNull } from './fields.ts'

const waitingForSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('timer'), until: timestamp }),
  z.object({ kind: z.literal('approval'), approval_id: z.string() }),
  z.object({ kind: z.literal('event'), event: z.string() }),
  z.object({ kind: z.literal('run'), run_id: z.string() }),
  z.object({ kind: z.literal('items'), count: z.int() }),
])

const itemsSchema = z.object({ total: z.int(), completed: z.int(), failed: z.int(), skipped: z.int() })

/** A step of a run, without its payloads. */
export const stepSchema = z
  .object({
    step_id: z.string(),
    step_index: z
      .int()
      .openapi({ description: 'Place in the definition, from 0; items and compensations come behind' }),
    type: z.string(),
    action: z.string().nullable(),
    status: z.enum(STEP_STATUSES),
    depends_on: z.array(z.string()),
    attempt: z.int().openapi({
      description:
        'Number of the newest attempt, over all retries of the run, too; it may be yet to begin. 0: there was none',
    }),
    retry_count: z.int().openapi({ description: 'Failed attempts that were followed by another' }),
    max_retries: z.int(),
    started_at: timestampOrNull.openapi({ description: 'Begin of the last attempt' }),
    completed_at: timestampOrNull.openapi({ description: 'When the step settled' }),
    error_message: z.string().nullable(),
    reason: z.string().nullable().openapi({ description: 'Why it was skipped or cancelled' }),
    output_bytes: z.int().nullable(),
    parent_step_id: z.string().nullable().openapi({
      description: 'The map of an item (`id[0]`), or the step that a compensation (`id.compensate`) undoes',
    }),
    waiting_for: waitingForSchema.nullable().openapi({ description: 'What a parked step waits for' }),
    items: itemsSchema.nullable().openapi({ description: 'How far the items of a map have come' }),
    child_run_id: z.string().nullable().openapi({ description: 'The newest child run of a `workflow` step' }),
  })
  .openapi('Step')

/** A step of a run as the API shows it. */
export type StepView = z.infer<typeof stepSchema>

/** One attempt of a step. */
export const attemptSchema = z
  .object({
    attempt: z.int().openapi({ description: 'From 1' }),
    status: z.enum(ATTEMPT_STATUSES),
    started_at: timestampOrNull,
    completed_at: timestampOrNull,
    error: z
      .object({ message: z.string(), stack: z.string().nullable(), code: z.string().nullable() })
      .nullable()
      .openapi({ description: 'The stack is the action’s' }),
    worker: z.string().nullable().openapi({ example: 'worker-1:4711' }),
    retry_at: timestamp.nullable().openapi({ description: 'When the next attempt was, or is, due' }),
  })
  .openapi('Attempt')

/** One attempt as the API shows it. */
export type AttemptView = z.infer<typeof attemptSchema>

/** A step with its payloads and attempts. */
export const stepDetailSchema = stepSchema
  .extend({
    input: payload.openapi({ description: 'Resolved anew from the definition; null where that is not possible yet' }),
    output: payload,
    idempotency_key: z.string().openapi({ description: 'What its action hands on to whatever has side effects' }),
    job: z.object({ queue: z.string(), id: z.string() }).nullable().openapi({
      description:
        'Its job in BullMQ, under the newest dispatch of the run; it may be gone, or not be there where the step had settled before. Null: not dispatched yet',
    }),
    attempts: z.array(attemptSchema).openapi({ description: 'Oldest first' }),
  })
  .openapi('StepDetail')

/** A step with its payloads and attempts as the API shows it. */
export type StepDetailView = z.infer<typeof stepDetailSchema>
