import { and, asc, desc, eq, inArray, lt } from 'drizzle-orm'
import type { OrderStatus } from '../workflow/states.ts'
import type { Database, Transaction } from './client.ts'
import { orderHistory, orders } from './schema.ts'

/** An order; `amount` is a decimal string with two decimals. */
export type OrderRow = typeof orders.$inferSelect
/** One change of an order's status. */
export type OrderHistoryRow = typeof orderHistory.$inferSelect

/** An order with its history, oldest first. */
export interface Order extends OrderRow {
  history: OrderHistoryRow[]
}

/** Which orders to list; `before` is the id of the last one of the page before. */
export interface OrderFilter {
  statuses?: readonly OrderStatus[] | undefined
  before?: string | undefined
  limit: number
}

/** Orders, newest first. Indexes: orders_pkey backwards or orders_status; order_history_once, one range an order. */
export async function listOrders(db: Database, filter: OrderFilter): Promise<Order[]> {
  const rows = await db.orm
    .select()
    .from(orders)
    .where(
      and(
        filter.statuses && inArray(orders.status, [...filter.statuses]),
        filter.before === undefined ? undefined : lt(orders.id, filter.before),
      ),
    )
    .orderBy(desc(orders.id))
    .limit(filter.limit)
  return await withHistory(db, rows)
}

/** One order; null if there is none. Indexes: orders_pkey, order_history_once. */
export async function getOrder(db: Database, id: string): Promise<Order | null> {
  const [order] = await withHistory(db, await db.orm.select().from(orders).where(eq(orders.id, id)))
  return order ?? null
}

async function withHistory(db: Database, rows: readonly OrderRow[]): Promise<Order[]> {
  if (rows.length === 0) return []
  const ids = rows.map((row) => row.id)
  const changes = await db.orm
    .select()
    .from(orderHistory)
    .where(inArray(orderHistory.orderId, ids))
    .orderBy(asc(orderHistory.id))
  return rows.map((row) => ({ ...row, history: changes.filter((change) => change.orderId === row.id) }))
}

/** Which of some ids are no order's. Index: orders_pkey. */
export async function findMissingOrders(db: Database, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return []
  const found = await db.orm
    .select({ id: orders.id })
    .from(orders)
    .where(inArray(orders.id, [...ids]))
  const known = new Set(found.map((row) => row.id))
  return ids.filter((id) => !known.has(id))
}

/** An order to insert; `amount` is a decimal string. */
export interface NewOrder {
  id: string
  amount: string
  currency: string
  reference: string | null
}

/** Inserts an order that is `pending`, and the first row of its history. */
export async function insertOrder(tx: Transaction, order: NewOrder): Promise<Order> {
  const rows = await tx.insert(orders).values(order).returning()
  const row = rows[0]
  if (row === undefined) throw new Error('inserting an order returned no row')
  const history = await tx
    .insert(orderHistory)
    .values({ orderId: row.id, status: row.status, at: row.createdAt })
    .returning()
  return { ...row, history }
}
