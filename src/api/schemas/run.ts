import { z } from '@hono/zod-openapi'
import type { RunDetail, RunEntry } from '../../db/run-queries.ts'
import { LIMITS } from '../../workflow/limits.ts'
import { progressOf } from '../../workflow/outcome.ts'
import { momentText } from '../../workflow/moment.ts'
import { COMPENSATION_STATUSES, RUN_STATUSES } from '../../workflow/states.ts'
import { payload, storableText } from '../payload.ts'
import { strict } from '../problems.ts'
import { postedDefinition } from './definition.ts'
import { id, iso, timestamp, timestampOrNull } from './fields.ts'
import { stepSchema, type StepView } from './step.ts'

const progressSchema = z
  .object({ total: z.int(), completed: z.int(), failed: z.int(), skipped: z.int() })
  .openapi({ description: 'Steps; those neither completed, failed nor skipped are to come, or were cancelled' })

/** A run in lists: no payloads, no steps. */
export const runEntrySchema = z
  .object({
    id,
    workflow_id: id,
    workflow_name: z.string(),
    workflow_version: z.int(),
    status: z.enum(RUN_STATUSES),
    error: z
      .object({ message: z.string(), code: z.string().nullable(), step_id: z.string().nullable() })
      .nullable()
      .openapi({ description: 'What failed first; null while nothing has' }),
    order_id: id.nullable(),
    parent_run_id: id.nullable().openapi({ description: 'The run that it is the child run of' }),
    rerun_of: id.nullable().openapi({ description: 'The run that it repeats' }),
    schedule_id: id.nullable().openapi({ description: 'The schedule that started it' }),
    webhook_id: id.nullable().openapi({ description: 'The webhook that started it' }),
    compensation: z
      .enum(COMPENSATION_STATUSES)
      .nullable()
      .openapi({ description: 'How the undoing of its completed steps goes, or went; null: nothing was to be undone' }),
    start_at: timestampOrNull.openapi({ description: 'It does not start before' }),
    deadline_at: timestampOrNull.openapi({ description: 'It fails if it has not ended by then' }),
    tags: z.array(z.string()),
    priority: z.int().nullable(),
    progress: progressSchema,
    created_at: timestamp,
    started_at: timestampOrNull,
    completed_at: timestampOrNull,
  })
  .openapi('RunEntry')

/** A run with its payloads and steps. */
export const runSchema = runEntrySchema
  .extend({ input: payload, context: payload, output: payload, steps: z.array(stepSchema) })
  .openapi('Run')

/** A run with its payloads and steps as the API shows it. */
export type RunView = z.infer<typeof runSchema>

/** Shows a run in a list. */
export function showRunEntry(run: RunEntry): z.infer<typeof runEntrySchema> {
  const { error } = run
  return {
    id: run.id,
    workflow_id: run.workflowId,
    workflow_name: run.workflowName,
    workflow_version: run.workflowVersion,
    status: run.status,
    error: error && { message: error.message, code: error.code ?? null, step_id: error.step_id ?? null },
    order_id: run.orderId,
    parent_run_id: run.parentRunId,
    rerun_of: run.rerunOf,
    schedule_id: run.scheduleId,
    webhook_id: run.webhookId,
    compensation: run.compensation,
    start_at: iso(run.startAt),
    deadline_at: iso(run.deadlineAt),
    tags: run.tags,
    priority: run.priority,
    progress: run.progress,
    created_at: iso(run.createdAt),
    started_at: iso(run.startedAt),
    completed_at: iso(run.completedAt),
  }
}

function ofDefinition(steps: readonly StepView[]): StepView[] {
  return steps.filter((step) => step.parent_step_id === null)
}

/** Shows a run whole. */
export function showRun(run: RunDetail, steps: StepView[]): RunView {
  return {
    ...showRunEntry({ ...run, progress: progressOf(ofDefinition(steps).map((step) => step.status)) }),
    input: run.input ?? null,
    context: run.context ?? null,
    output: run.output ?? null,
    steps,
  }
}

/** What a run can be started with. */
const startFields = {
  input: payload.optional().openapi({ description: 'Checked against the workflow’s `input_schema`; default `{}`' }),
  context: payload.optional().openapi({ description: 'Free metadata, `$context` in bindings' }),
  order_id: z.uuid().optional().openapi({ description: 'The order attached to the run, `$order` in bindings' }),
  priority: z
    .int()
    .min(0)
    .max(9)
    .optional()
    .openapi({ description: 'Overrides the priority of every step; 9 goes first' }),
  tags: z.array(storableText(1, 128)).max(LIMITS.tags).optional(),
  start_at: momentText.optional().openapi({ description: 'Not before this time' }),
}

/** Body of a start. */
export const startRunSchema = strict(startFields).openapi('StartRun')
/** Body of a start, once read. */
export type StartRun = z.output<typeof startRunSchema>

/** Body of a start together with the workflow. */
export const startDefinitionSchema = strict({ definition: postedDefinition, ...startFields }).openapi('StartDefinition')

export type StartDefinition = z.output<typeof startDefinitionSchema>

/** Body of a start of many runs. */
export const startBatchSchema = strict({ runs: z.array(startRunSchema).min(1).max(LIMITS.batchRuns) }).openapi(
  'StartBatch',
)
