import type { z } from 'zod'
import type { approvalSchema } from '../../../src/api/schemas/approval.ts'
import type { diffSchema } from '../../../src/api/schemas/diff.ts'
import type { driftSchema } from '../../../src/api/schemas/drift.ts'
import type { runControlSchema } from '../../../src/api/schemas/control.ts'
import type { eventSchema } from '../../../src/api/schemas/event.ts'
import type { whySchema } from '../../../src/api/schemas/explain.ts'
import type { logLineSchema } from '../../../src/api/schemas/log-line.ts'
import type { orderSchema } from '../../../src/api/schemas/order.ts'
import type { historySchema } from '../../../src/api/schemas/history.ts'
import type { runEntrySchema, RunView } from '../../../src/api/schemas/run.ts'
import type { scheduleSchema } from '../../../src/api/schemas/schedule.ts'
import type { statsSchema } from '../../../src/api/schemas/stats.ts'
import type { AttemptView, StepDetailView } from '../../../src/api/schemas/step.ts'
import type { webhookSchema } from '../../../src/api/schemas/webhook.ts'
import type { busyWorkerSchema } from '../../../src/api/schemas/worker.ts'
import type { workflowStatsSchema } from '../../../src/api/schemas/workflow-stats.ts'
import type {
  validationSchema,
  versionEntrySchema,
  workflowDetailSchema,
  workflowEntrySchema,
} from '../../../src/api/schemas/workflow.ts'

/** Shapes of the API's answers, from the schemas that also make its OpenAPI document. Types only. */

/** Numbers of the whole service. */
export type Stats = z.infer<typeof statsSchema>

/** Where Postgres and the queue differ. */
export type Drift = z.infer<typeof driftSchema>

/** A run in a list, without payloads and steps. */
export type RunEntry = z.infer<typeof runEntrySchema>

/** A run with its payloads and steps (which have no payloads). */
export type Run = RunView

/** A step of a run, without payloads. */
export type Step = Run['steps'][number]

/** A step with its payloads and attempts. */
export type StepDetail = StepDetailView

/** One attempt of a step. */
export type Attempt = AttemptView

/** What a step asks people. */
export type Approval = z.infer<typeof approvalSchema>

/** An event that a run was sent. */
export type RunEvent = z.infer<typeof eventSchema>

/** A control that a run has had. */
export type RunControl = z.infer<typeof runControlSchema>

/** A line that an action logged. */
export type LogLine = z.infer<typeof logLineSchema>

/** An order with its history. */
export type Order = z.infer<typeof orderSchema>

/** A page of a list; hand `next_cursor` on as `cursor` for the next. */
export interface Page<Item> {
  items: Item[]
  next_cursor: string | null
}

/** A workflow in lists. */
export type WorkflowEntry = z.infer<typeof workflowEntrySchema>

/** A version of a workflow with its definition and plan. */
export type WorkflowDetail = z.infer<typeof workflowDetailSchema>

/** A version of a workflow in lists. */
export type WorkflowVersion = z.infer<typeof versionEntrySchema>

/** What is wrong with a definition, or its plan. */
export type Validation = z.infer<typeof validationSchema>

/** How the newest runs of a workflow went. */
export type WorkflowStats = z.infer<typeof workflowStatsSchema>

/** A webhook; with its secret only when it is made. */
export type Webhook = z.infer<typeof webhookSchema> & { secret?: string }

/** When a workflow runs by itself. */
export type Schedule = z.infer<typeof scheduleSchema>

/** Why a run and its unsettled steps do not go on. */
export type Why = z.infer<typeof whySchema>

/** One reason in the chain that ends at what a step really waits for; its fields depend on the kind. */
export type Reason = Why['reasons'][number]

/** Two runs side by side. */
export type RunDiff = z.infer<typeof diffSchema>

/** How the runs of a stretch of time went. */
export type History = z.infer<typeof historySchema>

/** A worker process that is alive, with what it does. */
export type BusyWorker = z.infer<typeof busyWorkerSchema>
