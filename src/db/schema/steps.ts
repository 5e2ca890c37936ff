import { sql } from 'drizzle-orm'
import {
  bigserial,
  check,
  foreignKey,
  index,
  integer,
  json,
  pgEnum,
  pgTable,
  primaryKey,
  text,
  uuid,
} from 'drizzle-orm/pg-core'
import type { Json } from '../../workflow/definition.ts'
import { ATTEMPT_STATUSES, STEP_STATUSES } from '../../workflow/states.ts'
import type { WaitingFor } from '../../workflow/waiting-for.ts'
import { at, type StoredError } from './columns.ts'

export const stepStatus = pgEnum('step_status', STEP_STATUSES)
export const attemptStatus = pgEnum('attempt_status', ATTEMPT_STATUSES)
export const logLevel = pgEnum('log_level', ['debug', 'info', 'warn', 'error'])

/**
 * One row a step of a run, inserted with the run. Rows of a `parentIndex` come later, with indexes above those of the
 * definition: the items of a map (`id[0]`, with an `itemIndex`), and compensations (`id.compensate`, without).
 *
 * No index but the key and some partial ones that do not look at the status, and room on each page (fillfactor, see the
 * migrations), so that every change of status is a heap-only update, but for parking and waking.
 *
 * No foreign key: triggers hold rows to their runs, and delete them with these, once a statement instead of once a row
 * (docs/decisions/0025).
 */
export const steps = pgTable(
  'steps',
  {
    runId: uuid('run_id').notNull(),
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
