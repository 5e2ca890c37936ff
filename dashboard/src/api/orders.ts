import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { OrderStatus } from '../../../src/workflow/states.ts'
import { getJson, sendJson } from './client.ts'
import { keys } from './keys.ts'
import { orderQuery } from './run-sides.ts'
import type { Order, Page } from './shapes.ts'

const PAGE = 100
/** How often orders are read again: nothing streams them. */
const EVERY_MS = 2_000

/** Orders by status, newest first, page by page; read again while anybody looks. */
export function ordersQuery(status: readonly OrderStatus[] | undefined) {
  return infiniteQueryOptions({
    queryKey: keys.orders({ status }),
    queryFn: ({ pageParam, signal }) =>
      getJson<Page<Order>>('orders', { status, limit: PAGE, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: EVERY_MS,
  })
}

/** One order with its history; read again while anybody looks, since any run may change it. */
export function watchedOrderQuery(id: string) {
  return queryOptions({ ...orderQuery(id), refetchInterval: EVERY_MS })
}

/** A new order. `amount`: a decimal text. */
export interface NewOrder {
  amount: string
  currency: string
  reference: string | null
}

/** Creates an order, `pending`. */
export function createOrder(order: NewOrder): Promise<Order> {
  return sendJson('POST', 'orders', order)
}
