import { v7 as uuidv7 } from 'uuid'
import { insertOrder, type NewOrder, type Order } from '../db/orders.ts'
import type { Engine } from './engine.ts'

/** Creates an order that is `pending`, together with the first row of its history. */
export async function createOrder(engine: Engine, order: Omit<NewOrder, 'id'>): Promise<Order> {
  return await engine.db.orm.transaction((tx) => insertOrder(tx, { id: uuidv7(), ...order }))
}
