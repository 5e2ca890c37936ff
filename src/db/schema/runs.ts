import { sql } from 'drizzle-orm'
import { check, index, integer, json, pgEnum, pgTable, primaryKey, smallint, text, uuid } from 'drizzle-orm/pg-core'
import type { Json } from '../../workflow/definition.ts'
import { COMPENSATION_STATUSES, RUN_STATUSES } from '../../workflow/states.ts'
import { at, type StoredError } from './columns.ts'
import { orders } from './orders.ts'
import { workflows, workflowVersions } from './workflows.ts'

export const runStatus = pgEnum('run_status', RUN_STATUSES)
export const compensationStatus = pgEnum('compensation_status', COMPENSATION_STATUSES)

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
    /** Highest index of an item that a retry has dropped: none up to it is given again; null: none was dropped. */
    droppedIndex: integer('dropped_index'),
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
 * Events that were sent to a run: `stepIndex` and `takenAt` are of the step that took it first, `alsoTakenBy` has the others
 * that waited by then.
 */
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
    alsoTakenBy: integer('also_taken_by')
      .array()
      .notNull()
      .default(sql`'{}'`),
    takenAt: at('taken_at'),
  },
  (t) => [index('events_run').on(t.runId, t.name, t.id)],
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
    /** Of a batch: all of its runs, of which `run_id` is the first; null: that is the only one. */
    batch: uuid('batch').array(),
    createdAt: at('created_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.scope, t.key] }), index('idempotency_keys_run').on(t.runId)],
)
