import { sql } from 'drizzle-orm'
import { boolean, index, integer, json, pgEnum, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import type { Json } from '../../workflow/definition.ts'
import { at } from './columns.ts'

export const actionKind = pgEnum('action_kind', ['action', 'transaction'])

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
