import { sql } from 'drizzle-orm'
import { bigserial, check, index, numeric, pgEnum, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { ORDER_STATUSES } from '../../workflow/states.ts'
import { at } from './columns.ts'

export const orderStatus = pgEnum('order_status', ORDER_STATUSES)

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
