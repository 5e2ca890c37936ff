import { sql } from 'drizzle-orm'
import { boolean, check, index, integer, json, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import type { Json } from '../../workflow/definition.ts'
import { at } from './columns.ts'
import { workflows } from './workflows.ts'

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
