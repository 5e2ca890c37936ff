import { z } from '@hono/zod-openapi'
import { ATTEMPT_STATUSES, STEP_STATUSES } from '../../workflow/states.ts'
import { payload } from '../payload.ts'
import { timestamp, timestampOrNull } from './fields.ts'

/** A step of a run, without its payloads. */
export const stepSchema = z
  .object({
    step_id: z.string(),
    step_index: z.int().openapi({ description: 'Place in the definition, from 0' }),
    type: z.string(),
    action: z.string().nullable(),
    status: z.enum(STEP_STATUSES),
    depends_on: z.array(z.string()),
    retry_count: z.int().openapi({ description: 'Failed attempts that were followed by another' }),
    max_retries: z.int(),
    started_at: timestampOrNull.openapi({ description: 'Begin of the last attempt' }),
    completed_at: timestampOrNull.openapi({ description: 'When the step settled' }),
    error_message: z.string().nullable(),
    reason: z.string().nullable().openapi({ description: 'Why it was skipped or cancelled' }),
    output_bytes: z.int().nullable(),
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
    attempts: z.array(attemptSchema).openapi({ description: 'Oldest first' }),
  })
  .openapi('StepDetail')

/** A step with its payloads and attempts as the API shows it. */
export type StepDetailView = z.infer<typeof stepDetailSchema>
