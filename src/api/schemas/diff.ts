import { z } from '@hono/zod-openapi'
import { RUN_STATUSES, STEP_STATUSES } from '../../workflow/states.ts'
import { id, timestamp } from './fields.ts'

const milliseconds = z.number().nullable()

const runSchema = z.object({
  id,
  workflow_version: z.int(),
  status: z.enum(RUN_STATUSES),
  created_at: timestamp,
  duration_ms: milliseconds.openapi({ description: 'From the begin of its first step; null: it has not ended' }),
})

const sideSchema = z.object({
  status: z.enum(STEP_STATUSES),
  reason: z.string().nullable().openapi({ description: 'Why it was skipped or cancelled' }),
  error: z.string().nullable(),
  branch: z.string().nullable().openapi({ description: 'The branch that it took' }),
  json: z
    .string()
    .nullable()
    .openapi({ description: 'The input or output as JSON, its first 2,000 characters; null where the branch differs' }),
  bytes: z.int().nullable().openapi({ description: 'Of the whole JSON' }),
})
/** What differs, as one of the runs has it. */
export type DiffSide = z.infer<typeof sideSchema>

const stateSchema = z
  .object({
    status: z.enum(STEP_STATUSES),
    duration_ms: milliseconds.openapi({ description: 'Of the last attempt' }),
    attempts: z.int(),
  })
  .nullable()

/** Two runs side by side. */
export const diffSchema = z
  .object({
    workflow_name: z.string(),
    a: runSchema,
    b: runSchema,
    same_version: z.boolean(),
    input_differs: z.boolean().openapi({ description: 'Of the runs' }),
    is_complete: z.boolean().openapi({
      description:
        'False where the payloads are too many to look at all: 32 MiB of outputs of equal length, 2,000 inputs or 16 million characters of inputs that may differ',
    }),
    first_difference: z
      .object({
        step_id: z.string(),
        kind: z.enum(['input', 'branch', 'output']),
        path: z
          .string()
          .nullable()
          .openapi({ description: 'JSON Pointer of the first place that differs; null where there is none' }),
        a: sideSchema,
        b: sideSchema,
      })
      .nullable()
      .openapi({ description: 'The first step in topological order whose input, branch or output differs' }),
    steps: z.array(
      z.object({
        step_id: z.string(),
        only_in: z.enum(['a', 'b']).optional().openapi({ description: 'The other version has no such step' }),
        a: stateSchema,
        b: stateSchema,
        duration_delta_ms: milliseconds.openapi({ description: 'b less a' }),
        differs: z.array(z.enum(['input', 'branch', 'output', 'attempts'])),
      }),
    ),
  })
  .openapi('RunDiff')
/** Two runs side by side as the API shows them. */
export type DiffView = z.infer<typeof diffSchema>
