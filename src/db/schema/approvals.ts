import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  foreignKey,
  index,
  integer,
  json,
  pgEnum,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import type { Json } from '../../workflow/definition.ts'
import { APPROVAL_STATUSES } from '../../workflow/states.ts'
import { at } from './columns.ts'
import { steps } from './steps.ts'

export const approvalStatus = pgEnum('approval_status', APPROVAL_STATUSES)

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
