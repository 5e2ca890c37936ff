import { z } from '@hono/zod-openapi'
import type { Order } from '../../db/orders.ts'
import { ORDER_STATUSES } from '../../workflow/states.ts'
import { storableText } from '../payload.ts'
import { strict } from '../problems.ts'
import { id, iso, timestamp } from './fields.ts'

/** Above 0, at most twelve digits before the point and two behind it: what the column holds exactly. */
const AMOUNT = /^\d{1,12}(\.\d{1,2})?$/
const AMOUNT_RULE = 'a decimal number above 0, with at most 12 digits before the point and 2 behind it'

const amountSchema = z
  .union([z.string(), z.number().transform((amount) => decimalOf(amount))])
  .refine((amount) => AMOUNT.test(amount) && /[1-9]/.test(amount), AMOUNT_RULE)
  .openapi({ type: ['string', 'number'], example: '99.95' })

/** The shortest decimal text of a number; it has an exponent, and is refused, only outside the range that is accepted. */
function decimalOf(amount: number): string {
  return String(amount)
}

/** Body of a new order. */
export const createOrderSchema = strict({
  amount: amountSchema,
  currency: z
    .string()
    .regex(/^[A-Za-z]{3}$/, 'three letters (ISO 4217)')
    .transform((code) => code.toUpperCase())
    .default('USD')
    .openapi({ type: 'string', example: 'EUR' }),
  reference: storableText(1, 200).nullish(),
}).openapi('CreateOrder')

/** An order with its history. */
export const orderSchema = z
  .object({
    id,
    amount: z.string().openapi({ example: '99.95' }),
    currency: z.string(),
    reference: z.string().nullable(),
    status: z.enum(ORDER_STATUSES),
    created_at: timestamp,
    updated_at: timestamp,
    history: z
      .array(
        z.object({
          status: z.enum(ORDER_STATUSES),
          at: timestamp,
          run_id: id.nullable(),
          step_id: z.string().nullable(),
        }),
      )
      .openapi({ description: 'Oldest first, beginning with `pending`' }),
  })
  .openapi('Order')

/** Shows an order. */
export function showOrder(order: Order): z.infer<typeof orderSchema> {
  return {
    id: order.id,
    amount: order.amount,
    currency: order.currency,
    reference: order.reference,
    status: order.status,
    created_at: iso(order.createdAt),
    updated_at: iso(order.updatedAt),
    history: order.history.map((change) => ({
      status: change.status,
      at: iso(change.at),
      run_id: change.runId,
      step_id: change.stepId,
    })),
  }
}
