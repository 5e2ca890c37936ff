import { sql } from 'drizzle-orm'
import {
  bigserial,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  json,
  numeric,
  pgEnum,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import type { Json } from '../workflow/definition.ts'
import {
  APPROVAL_STATUSES,
  ATTEMPT_STATUSES,
  COMPENSATION_STATUSES,
  ORDER_STATUSES,
  RUN_STATUSES,
  STEP_STATUSES,
} from '../workflow/states.ts'
import type { WaitingFor } from '../workflow/waiting-for.ts'

/**
 * The tables. Payloads are `json`, not `jsonb`: written and read whole, they keep the user's order of keys and cost no
 * conversion; `\u0000` is refused before they get here, so that a cast to `jsonb` always works.
 */

const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'date', precision: 6 })

export const runStatus = pgEnum('run_status', RUN_STATUSES)
export const stepStatus = pgEnum('step_status', STEP_STATUSES)
export const attemptStatus = pgEnum('attempt_status', ATTEMPT_STATUSES)
export const orderStatus = pgEnum('order_status', ORDER_STATUSES)
export const approvalStatus = pgEnum('approval_status', APPROVAL_STATUSES)
export const compensationStatus = pgEnum('compensation_status', COMPENSATION_STATUSES)
export const actionKind = pgEnum('action_kind', ['action', 'transaction'])
export const logLevel = pgEnum('log_level', ['debug', 'info', 'warn', 'error'])

/** What failed, as stored and shown. */
export interface StoredError {
  message: string
  code?: string | undefined
  stack?: string | undefined
  step_id?: string | undefined
}

/** One row a name. `latest_version` is the highest version in workflow_versions. */
export const workflows = pgTable(
  'workflows',
  {
    id: uuid('id').primaryKey(),
    name: text('name').notNull().unique(),
    description: text('description'),
    latestVersion: integer('latest_version').notNull(),
    createdAt: at('created_at').notNull().defaultNow(),
    archivedAt: at('archived_at'),
  },
  (t) => [check('workflows_version_positive', sql`${t.latestVersion} >= 1`)],
)

/** Immutable: a run keeps the version it started with. `hash` is the SHA-256 of the canonical definition. */
export const workflowVersions = pgTable(
  'workflow_versions',
  {
    id: uuid('id').primaryKey(),
    workflowId: uuid('workflow_id')
      .notNull()
      .references(() => workflows.id, { onDelete: 'cascade' }),
    version: integer('version').notNull(),
    hash: text('hash').notNull(),
    definition: json('definition').$type<Json>().notNull(),
    stepCount: integer('step_count').notNull(),
    createdAt: at('created_at').notNull().defaultNow(),
  },
  (t) => [unique('workflow_versions_workflow_version').on(t.workflowId, t.version)],
)

/** One row an execution of a version. Ids are UUIDv7, so the order of ids is the order of creation. */
export const runs = pgTable(
  'runs',
  {
    id: uuid('id').primaryKey(),
    workflowId: uuid('workflow_id')
      .notNull()
      .references(() => workflows.id),
    versionId: uuid('version_id')
      .notNull()
      .references(() => workflowVersions.id),
    status: runStatus('status').notNull().default('queued'),
    /** Raised by every dispatch; jobs of an older epoch are stale. 0: not dispatched yet. */
    epoch: integer('epoch').notNull().default(0),
    /** The queue's incarnation (queue_state.token) that the current epoch was added to; null: not added. */
    queueToken: uuid('queue_token'),
    /** The step whose failure stopped the run (`on_failure: stop`). */
    haltedBy: text('halted_by'),
    input: json('input').$type<Json>(),
    context: json('context').$type<Json>(),
    output: json('output').$type<Json>(),
    error: json('error').$type<StoredError>(),
    orderId: uuid('order_id').references(() => orders.id),
    /** The step of another run that this run is the child of. */
    parentRunId: uuid('parent_run_id'),
    parentStepIndex: integer('parent_step_index'),
    /** How many parents there are above. */
    depth: smallint('depth').notNull().default(0),
    /** The run that this one repeats. */
    rerunOf: uuid('rerun_of'),
    scheduleId: uuid('schedule_id'),
    webhookId: uuid('webhook_id'),
    tags: text('tags')
      .array()
      .notNull()
      .default(sql`'{}'::text[]`),
    priority: smallint('priority'),
    /** Not to be admitted before. */
    startAt: at('start_at'),
    /** Value of the workflow's `concurrency.key` ('' without a key); null: no limit applies. */
    concurrencyKey: text('concurrency_key'),
    /** When it got its slot, and went to the queue. Null: held back by `start_at` or for want of a slot. */
    admittedAt: at('admitted_at').defaultNow(),
    /** When it fails for having lasted longer than the workflow's `timeout_seconds`. */
    deadlineAt: at('deadline_at'),
    /** Why a `cancelling` run ends; null: it was cancelled. Set: it failed, with this error. */
    stopError: json('stop_error').$type<StoredError>(),
    /** How far the compensation of a failed or cancelled run has come; null: there is none. */
    compensation: compensationStatus('compensation'),
    stepsTotal: integer('steps_total').notNull(),
    /** Counts of the ended run, written once with its last status; null while it lasts (then counted from steps). */
    stepsCompleted: integer('steps_completed'),
    stepsFailed: integer('steps_failed'),
    stepsSkipped: integer('steps_skipped'),
    createdAt: at('created_at')
      .notNull()
      .default(sql`clock_timestamp()`),
    startedAt: at('started_at'),
    completedAt: at('completed_at'),
  },
  (t) => [
    index('runs_workflow').on(t.workflowId, t.id),
    index('runs_status').on(t.status, t.id),
    index('runs_created').on(t.createdAt),
    /** For the throughput only. */
    index('runs_ended')
      .on(t.completedAt)
      .where(sql`completed_at is not null`),
    index('runs_tags').using('gin', t.tags),
    index('runs_order')
      .on(t.orderId)
      .where(sql`order_id is not null`),
    /** The reconciler's and the scheduler's scan: unfinished runs only, however long the history. */
    index('runs_unfinished')
      .on(t.id)
      .where(sql`status not in ('completed', 'failed', 'cancelled')`),
    index('runs_parent')
      .on(t.parentRunId)
      .where(sql`parent_run_id is not null`),
    /** Who holds and who waits for the slots of a workflow, oldest first. */
    index('runs_slots')
      .on(t.workflowId, t.concurrencyKey, t.id)
      .where(sql`concurrency_key is not null and status not in ('completed', 'failed', 'cancelled')`),
    index('runs_held')
      .on(t.startAt, t.id)
      .where(sql`admitted_at is null and status not in ('completed', 'failed', 'cancelled')`),
    index('runs_deadline')
      .on(t.deadlineAt)
      .where(sql`deadline_at is not null and status not in ('completed', 'failed', 'cancelled')`),
    index('runs_schedule')
      .on(t.scheduleId, t.id)
      .where(sql`schedule_id is not null`),
    check('runs_priority_range', sql`${t.priority} between 0 and 9`),
    check('runs_epoch_range', sql`${t.epoch} >= 0`),
    check(
      'runs_completed_at_iff_finished',
      sql`(${t.completedAt} is not null) = (${t.status} in ('completed', 'failed', 'cancelled'))`,
    ),
  ],
)

/**
 * One row a step of a run, inserted with the run. Rows of a `parentIndex` come later, with indexes above those of the
 * definition: the items of a map (`id[0]`, with an `itemIndex`), and compensations (`id.compensate`, without).
 *
 * No index but the key and some partial ones that do not look at the status, and room on each page (fillfactor, see the
 * migrations), so that every change of status is a heap-only update, but for parking and waking.
 */
export const steps = pgTable(
  'steps',
  {
    runId: uuid('run_id')
      .notNull()
      .references(() => runs.id, { onDelete: 'cascade' }),
    stepIndex: integer('step_index').notNull(),
    stepId: text('step_id').notNull(),
    status: stepStatus('status').notNull().default('pending'),
    /** Number of the newest attempt: the fence. Only a completion of this attempt counts. */
    attempt: integer('attempt').notNull().default(0),
    /** Attempts that failed and were repeated (a take-over after a lost worker is no retry). */
    retryCount: integer('retry_count').notNull().default(0),
    /** The worker process that owns the newest attempt. */
    workerId: uuid('worker_id'),
    startedAt: at('started_at'),
    completedAt: at('completed_at'),
    retryAt: at('retry_at'),
    /** The branch that a completed condition took: what edges with `branch` look at. */
    branch: text('branch'),
    /** Why it was skipped or cancelled. */
    reason: text('reason'),
    error: json('error').$type<StoredError>(),
    outputBytes: integer('output_bytes'),
    /** The map's row, or the row of the step that is compensated. */
    parentIndex: integer('parent_index'),
    /** Place of a map's item, from 0. */
    itemIndex: integer('item_index'),
    /** The map's item. */
    item: json('item').$type<Json>(),
    /** What a parked step waits for; null for any other. */
    waitingFor: json('waiting_for').$type<WaitingFor>(),
    /** When a parked step is to be looked at again: its time is up, or what it waits for has come. */
    wakeAt: at('wake_at'),
  },
  (t) => [
    primaryKey({ columns: [t.runId, t.stepIndex] }),
    index('steps_children')
      .on(t.runId, t.parentIndex, t.itemIndex)
      .where(sql`parent_index is not null`),
    index('steps_child_id')
      .on(t.runId, t.stepId)
      .where(sql`parent_index is not null`),
    index('steps_parked')
      .on(t.runId, t.stepIndex)
      .where(sql`waiting_for is not null`),
    index('steps_wake')
      .on(t.wakeAt)
      .where(sql`wake_at is not null`),
    check(
      'steps_completed_at_iff_settled',
      sql`(${t.completedAt} is not null) = (${t.status} in ('completed', 'failed', 'skipped', 'cancelled'))`,
    ),
  ],
)

/**
 * Insert only. Its key is the idempotency key: one result for each step of a run, ever.
 *
 * No foreign key: rows are only ever inserted by the statement that completes their step, and checking that again cost
 * 70 of 89 microseconds of each completion (measured; docs/decisions/0013). A trigger deletes them with their steps.
 */
export const stepResults = pgTable(
  'step_results',
  {
    runId: uuid('run_id').notNull(),
    stepIndex: integer('step_index').notNull(),
    output: json('output').$type<Json>(),
    createdAt: at('created_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [primaryKey({ name: 'step_results_idempotency_key', columns: [t.runId, t.stepIndex] })],
)

/** Attempts that ended without settling their step, or failed it; the newest attempt's state is in steps. */
export const stepAttempts = pgTable(
  'step_attempts',
  {
    runId: uuid('run_id').notNull(),
    stepIndex: integer('step_index').notNull(),
    attempt: integer('attempt').notNull(),
    status: attemptStatus('status').notNull(),
    workerId: uuid('worker_id'),
    startedAt: at('started_at').notNull(),
    completedAt: at('completed_at').notNull(),
    error: json('error').$type<StoredError>(),
    retryAt: at('retry_at'),
  },
  (t) => [
    primaryKey({ columns: [t.runId, t.stepIndex, t.attempt] }),
    foreignKey({ columns: [t.runId, t.stepIndex], foreignColumns: [steps.runId, steps.stepIndex] }).onDelete('cascade'),
  ],
)

/** Lines that actions logged. */
export const stepLogs = pgTable(
  'step_logs',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    runId: uuid('run_id').notNull(),
    stepIndex: integer('step_index').notNull(),
    attempt: integer('attempt').notNull(),
    at: at('at').notNull(),
    level: logLevel('level').notNull(),
    message: text('message').notNull(),
    data: json('data').$type<Json>(),
  },
  (t) => [
    index('step_logs_run').on(t.runId, t.id),
    foreignKey({ columns: [t.runId, t.stepIndex], foreignColumns: [steps.runId, steps.stepIndex] }).onDelete('cascade'),
  ],
)

/** What a step asked people, and what was shown to them. One open row a step at most. */
export const approvals = pgTable(
  'approvals',
  {
    id: uuid('id').primaryKey(),
    runId: uuid('run_id').notNull(),
    stepIndex: integer('step_index').notNull(),
    stepId: text('step_id').notNull(),
    status: approvalStatus('status').notNull().default('open'),
    /** The step's `config.message`, resolved. */
    message: json('message').$type<Json>(),
    /** The step's `input`, resolved: what the approver was shown. */
    input: json('input').$type<Json>(),
    /** SHA-256 of the canonical message and input: a decision counts for these only. */
    inputHash: text('input_hash').notNull(),
    /** Who may decide; null: anyone. */
    approvers: text('approvers').array(),
    /** How many must approve. */
    quorum: integer('quorum').notNull().default(1),
    createdAt: at('created_at')
      .notNull()
      .default(sql`clock_timestamp()`),
    expiresAt: at('expires_at'),
    decidedAt: at('decided_at'),
  },
  (t) => [
    foreignKey({ columns: [t.runId, t.stepIndex], foreignColumns: [steps.runId, steps.stepIndex] }).onDelete('cascade'),
    index('approvals_step').on(t.runId, t.stepIndex, t.id),
    index('approvals_status').on(t.status, t.id),
    uniqueIndex('approvals_one_open')
      .on(t.runId, t.stepIndex)
      .where(sql`status = 'open'`),
    check('approvals_quorum_positive', sql`${t.quorum} >= 1`),
  ],
)

/** One row a decision; `decidedBy` is '' where nobody gave a name. Nobody decides twice. */
export const approvalDecisions = pgTable(
  'approval_decisions',
  {
    approvalId: uuid('approval_id')
      .notNull()
      .references(() => approvals.id, { onDelete: 'cascade' }),
    decidedBy: text('decided_by').notNull().default(''),
    approved: boolean('approved').notNull(),
    comment: text('comment'),
    data: json('data').$type<Json>(),
    at: at('at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [primaryKey({ columns: [t.approvalId, t.decidedBy] })],
)

/** Events that were sent to a run. Each wakes one step once: `stepIndex` is the step that took it. */
export const events = pgTable(
  'events',
  {
    id: uuid('id').primaryKey(),
    runId: uuid('run_id')
      .notNull()
      .references(() => runs.id, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    data: json('data').$type<Json>(),
    createdAt: at('created_at')
      .notNull()
      .default(sql`clock_timestamp()`),
    stepIndex: integer('step_index'),
    takenAt: at('taken_at'),
  },
  (t) => [index('events_run').on(t.runId, t.name, t.id)],
)

/** When runs of a workflow start by themselves. `nextRunAt` is the truth; BullMQ's scheduler only wakes us. */
export const schedules = pgTable(
  'schedules',
  {
    id: uuid('id').primaryKey(),
    workflowId: uuid('workflow_id')
      .notNull()
      .references(() => workflows.id, { onDelete: 'cascade' }),
    cron: text('cron').notNull(),
    timezone: text('timezone').notNull().default('UTC'),
    input: json('input').$type<Json>(),
    /** `skip` or `allow`. */
    overlap: text('overlap').notNull().default('skip'),
    paused: boolean('paused').notNull().default(false),
    /** Place in the definition's `triggers` that made it; null: made by the API. */
    triggerIndex: integer('trigger_index'),
    nextRunAt: at('next_run_at'),
    lastRunAt: at('last_run_at'),
    lastRunId: uuid('last_run_id'),
    createdAt: at('created_at').notNull().defaultNow(),
    updatedAt: at('updated_at').notNull().defaultNow(),
  },
  (t) => [
    uniqueIndex('schedules_trigger')
      .on(t.workflowId, t.triggerIndex)
      .where(sql`trigger_index is not null`),
    index('schedules_workflow').on(t.workflowId, t.id),
    index('schedules_due')
      .on(t.nextRunAt)
      .where(sql`not paused`),
    check('schedules_overlap', sql`${t.overlap} in ('skip', 'allow')`),
  ],
)

/** Addresses that start runs of a workflow. */
export const webhooks = pgTable(
  'webhooks',
  {
    id: uuid('id').primaryKey(),
    workflowId: uuid('workflow_id')
      .notNull()
      .references(() => workflows.id, { onDelete: 'cascade' }),
    token: text('token').notNull().unique(),
    secret: text('secret').notNull(),
    triggerIndex: integer('trigger_index'),
    createdAt: at('created_at').notNull().defaultNow(),
    lastUsedAt: at('last_used_at'),
  },
  (t) => [
    uniqueIndex('webhooks_trigger')
      .on(t.workflowId, t.triggerIndex)
      .where(sql`trigger_index is not null`),
    index('webhooks_workflow').on(t.workflowId, t.id),
  ],
)

/** The entity of the order workflow: pending → validated → charged → shipped (→ refunded). */
export const orders = pgTable(
  'orders',
  {
    id: uuid('id').primaryKey(),
    amount: numeric('amount', { precision: 14, scale: 2 }).notNull(),
    currency: text('currency').notNull().default('USD'),
    reference: text('reference'),
    status: orderStatus('status').notNull().default('pending'),
    createdAt: at('created_at')
      .notNull()
      .default(sql`clock_timestamp()`),
    updatedAt: at('updated_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [index('orders_status').on(t.status, t.id), check('orders_amount_positive', sql`${t.amount} > 0`)],
)

/** One row a transition; an order has each status at most once. */
export const orderHistory = pgTable(
  'order_history',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    orderId: uuid('order_id')
      .notNull()
      .references(() => orders.id, { onDelete: 'cascade' }),
    status: orderStatus('status').notNull(),
    at: at('at')
      .notNull()
      .default(sql`clock_timestamp()`),
    runId: uuid('run_id'),
    stepId: text('step_id'),
  },
  (t) => [uniqueIndex('order_history_once').on(t.orderId, t.status)],
)

/** What an `Idempotency-Key` stood for; `scope` is the workflow's id. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    scope: text('scope').notNull(),
    key: text('key').notNull(),
    /** SHA-256 of the canonical request. */
    requestHash: text('request_hash').notNull(),
    runId: uuid('run_id')
      .notNull()
      .references(() => runs.id, { onDelete: 'cascade' }),
    createdAt: at('created_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.scope, t.key] }), index('idempotency_keys_run').on(t.runId)],
)

/** One row a worker process; alive while its heartbeat is younger than the lock duration. */
export const workers = pgTable(
  'workers',
  {
    id: uuid('id').primaryKey(),
    hostname: text('hostname').notNull(),
    pid: integer('pid').notNull(),
    queues: text('queues').array().notNull(),
    concurrency: integer('concurrency').notNull(),
    startedAt: at('started_at').notNull().defaultNow(),
    heartbeatAt: at('heartbeat_at')
      .notNull()
      .default(sql`clock_timestamp()`),
    stoppedAt: at('stopped_at'),
  },
  (t) => [index('workers_heartbeat').on(t.heartbeatAt)],
)

/** Actions that workers announced when they started. */
export const actions = pgTable('actions', {
  name: text('name').primaryKey(),
  kind: actionKind('kind').notNull(),
  description: text('description').notNull().default(''),
  inputSchema: json('input_schema').$type<Json>().notNull(),
  outputSchema: json('output_schema').$type<Json>().notNull(),
  builtIn: boolean('built_in').notNull(),
  lastSeenAt: at('last_seen_at').notNull().defaultNow(),
})

/** Which worker offers which action. */
export const workerActions = pgTable(
  'worker_actions',
  {
    workerId: uuid('worker_id')
      .notNull()
      .references(() => workers.id, { onDelete: 'cascade' }),
    action: text('action')
      .notNull()
      .references(() => actions.name, { onDelete: 'cascade' }),
  },
  (t) => [primaryKey({ columns: [t.workerId, t.action] }), index('worker_actions_action').on(t.action)],
)

/** What the reconciler knows of the queue, one row a queue prefix. A new token: everything in it was lost. */
export const queueState = pgTable('queue_state', {
  prefix: text('prefix').primaryKey(),
  token: uuid('token').notNull(),
  backend: text('backend').notNull(),
  /** Redis's `run_id`, which a restart changes; null on Postgres. */
  serverRunId: text('server_run_id'),
  seenAt: at('seen_at').notNull().defaultNow(),
})
