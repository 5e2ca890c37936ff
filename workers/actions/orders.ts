import { createHash } from 'node:crypto'
import { defineTransaction, PermanentError, sql, z, type ActionContext, type Transaction } from '../action.ts'

/**
 * The order's state machine, as transactions: a change of an order, its row of history and the step's result commit
 * together, so each happens exactly once.
 *
 * | action           | from               | to          |
 * |------------------|--------------------|-------------|
 * | `validate_order` | pending            | `validated` |
 * | `charge_payment` | validated          | `charged`   |
 * | `ship_order`     | charged            | `shipped`   |
 * | `refund_payment` | charged or shipped | `refunded`  |
 *
 * Any other move fails the step for good (`order_transition`). A step that runs again after it was done (a retry from an
 * earlier step) finds its own row of history and completes without moving the order. In a run without an order the
 * actions change nothing and complete with `simulated: true`, so that the same workflow can be tried without one.
 */

/** The main line: along it an order only goes forward. */
const MAIN_LINE = ['pending', 'validated', 'charged', 'shipped'] as const
type OrderStatus = (typeof MAIN_LINE)[number] | 'refunded' | 'cancelled'

interface Move {
  to: OrderStatus
  from: OrderStatus[]
  /** What brings an order to where this move begins. */
  remedy: string
}

/** An order as it was stored; `amount` is a decimal with two places, as text. */
interface OrderRow extends Record<string, unknown> {
  id: string
  status: OrderStatus
  amount: string
  currency: string
  reference: string | null
}

const orderOutput = z.object({
  order_id: z.string().nullable().describe('null in a run without an order'),
  simulated: z.boolean().describe('whether there was no order, so that nothing was changed'),
  status: z.string().nullable().describe('the status that this step gave the order'),
  amount: z.string().nullable().describe('decimal with two places'),
  currency: z.string().nullable(),
  reference: z.string().nullable(),
})
type OrderOutput = z.output<typeof orderOutput>

const unused = z.unknown().describe('not used: the order is the one attached to the run')

/** pending → validated. */
export const validateOrder = defineTransaction({
  name: 'validate_order',
  description: "Validates the run's order: pending → validated",
  input: unused,
  output: orderOutput,
  transaction: (tx, context) => transition(tx, context, VALIDATE),
})

/** validated → charged; `payment_id` is the same for every attempt of the step. */
export const chargePayment = defineTransaction({
  name: 'charge_payment',
  description: "Charges the run's order: validated → charged",
  input: unused,
  output: orderOutput.extend({ payment_id: z.string() }),
  transaction: async (tx, context) => ({
    ...(await transition(tx, context, CHARGE)),
    payment_id: referenceOf('pay', context),
  }),
})

/** charged → shipped; `tracking` is the same for every attempt of the step. */
export const shipOrder = defineTransaction({
  name: 'ship_order',
  description: "Ships the run's order: charged → shipped",
  input: unused,
  output: orderOutput.extend({ tracking: z.string() }),
  transaction: async (tx, context) => ({
    ...(await transition(tx, context, SHIP)),
    tracking: referenceOf('trk', context),
  }),
})

/** charged or shipped → refunded; `refund_id` is the same for every attempt of the step. */
export const refundPayment = defineTransaction({
  name: 'refund_payment',
  description: "Refunds the run's order: charged or shipped → refunded",
  input: unused,
  output: orderOutput.extend({ refund_id: z.string() }),
  transaction: async (tx, context) => ({
    ...(await transition(tx, context, REFUND)),
    refund_id: referenceOf('ref', context),
  }),
})

const VALIDATE: Move = {
  to: 'validated',
  from: ['pending'],
  remedy: 'start the run with a new order',
}
const CHARGE: Move = {
  to: 'charged',
  from: ['validated'],
  remedy: 'let a validate_order step run before it, and charge an order once',
}
const SHIP: Move = {
  to: 'shipped',
  from: ['charged'],
  remedy: 'let a charge_payment step run before it, and ship an order once',
}
const REFUND: Move = {
  to: 'refunded',
  from: ['charged', 'shipped'],
  remedy: 'refund only what was charged, and once',
}

/** Moves the run's order and writes its history in one statement, which locks the order's row until the step commits. */
async function transition(tx: Transaction, context: ActionContext<unknown>, move: Move): Promise<OrderOutput> {
  const { orderId, runId, stepId, log } = context
  if (orderId === null) {
    log.info(`no order is attached to the run: ${move.to} is only simulated`)
    return { order_id: null, simulated: true, status: null, amount: null, currency: null, reference: null }
  }
  const from = sql.join(
    move.from.map((status) => sql`${status}::order_status`),
    sql`, `,
  )
  const moved = await tx.execute<OrderRow>(sql`
    WITH moved AS (
      UPDATE orders SET status = ${move.to}::order_status, updated_at = clock_timestamp()
      WHERE id = ${orderId}::uuid AND status IN (${from})
      RETURNING id, status, amount, currency, reference, updated_at
    ), kept AS (
      INSERT INTO order_history (order_id, status, at, run_id, step_id)
      SELECT id, status, updated_at, ${runId}::uuid, ${stepId}::text FROM moved
    )
    SELECT id, status, amount::text, currency, reference FROM moved`)
  const order = moved.rows[0]
  if (order !== undefined) {
    log.info(`order ${order.id} is ${order.status}`, { order_id: order.id, status: order.status })
    return outputOf(order, move)
  }
  return outputOf(await requireOwnMove(tx, context, orderId, move), move)
}

/** The order, if this very step has made the move before and nothing has taken it back; else the reason why it cannot be made. */
async function requireOwnMove(
  tx: Transaction,
  context: ActionContext<unknown>,
  orderId: string,
  move: Move,
): Promise<OrderRow> {
  const result = await tx.execute<OrderRow & { own: boolean }>(sql`
    SELECT id, status, amount::text, currency, reference, EXISTS (
      SELECT FROM order_history h
      WHERE h.order_id = o.id AND h.status = ${move.to}::order_status
        AND h.run_id = ${context.runId}::uuid AND h.step_id = ${context.stepId}::text
    ) AS own
    FROM orders o WHERE id = ${orderId}::uuid`)
  const order = result.rows[0]
  if (order === undefined) {
    throw new PermanentError(`order ${orderId} does not exist; start the run with an order_id of POST /api/v1/orders`, {
      code: 'order_not_found',
    })
  }
  if (order.own && stillHolds(move.to, order.status)) {
    context.log.info(`order ${orderId} was ${move.to} by this step before; nothing is changed`, { order_id: orderId })
    return order
  }
  throw new PermanentError(
    `order ${orderId} is ${order.status}; to become ${move.to} it must be ${move.from.join(' or ')}: ${move.remedy}`,
    { code: 'order_transition' },
  )
}

/** Whether an order that has been `reached` and is now `status` went only forward since. */
function stillHolds(reached: OrderStatus, status: OrderStatus): boolean {
  if (reached === status) return true
  const line: readonly OrderStatus[] = MAIN_LINE
  return line.includes(reached) && line.indexOf(status) > line.indexOf(reached)
}

function outputOf(order: OrderRow, move: Move): OrderOutput {
  const { id, amount, currency, reference } = order
  return { order_id: id, simulated: false, status: move.to, amount, currency, reference }
}

/** What a payment provider or carrier would answer to the same idempotency key each time. */
function referenceOf(prefix: string, context: ActionContext<unknown>): string {
  return `${prefix}_${createHash('sha256').update(context.idempotencyKey).digest('hex').slice(0, 24)}`
}
