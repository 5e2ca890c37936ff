import { sendJson } from '../../api/client.ts'

/** Which order goes with a run. */
export type OrderChoice =
  | { kind: 'none' }
  | { kind: 'new'; amount: string; currency: string; reference: string }
  | { kind: 'existing'; id: string }

/** What a run is started with. */
export interface StartChoice {
  /** Name of a stored workflow; null: `definition` is stored and run. */
  workflow: string | null
  /** JSON text. */
  definition: string
  input: unknown
  order: OrderChoice
  /** '' : none. */
  idempotencyKey: string
  priority: number | null
  tags: string[]
  /** ISO 8601; null: at once. */
  startAt: string | null
}

/**
 * Starts a run, its order first where there is to be one; returns its id. `onOrder` is told of an order that was made: it
 * is there also where the start is refused then. Throws `ApiError`.
 */
export async function startRun(choice: StartChoice, onOrder: (id: string) => void): Promise<string> {
  const orderId = await orderOf(choice.order, onOrder)
  const body = {
    input: choice.input,
    ...(orderId === null ? {} : { order_id: orderId }),
    ...(choice.priority === null ? {} : { priority: choice.priority }),
    ...(choice.tags.length === 0 ? {} : { tags: choice.tags }),
    ...(choice.startAt === null ? {} : { start_at: choice.startAt }),
  }
  const headers: Record<string, string> =
    choice.idempotencyKey === '' ? {} : { 'idempotency-key': choice.idempotencyKey }
  const run =
    choice.workflow === null
      ? await sendJson<{ id: string }>(
          'POST',
          'runs',
          { definition: JSON.parse(choice.definition) as unknown, ...body },
          { headers },
        )
      : await sendJson<{ id: string }>('POST', `workflows/${encodeURIComponent(choice.workflow)}/runs`, body, {
          headers,
        })
  return run.id
}

async function orderOf(order: OrderChoice, onOrder: (id: string) => void): Promise<string | null> {
  if (order.kind === 'none') return null
  if (order.kind === 'existing') return order.id
  const { amount, currency, reference } = order
  const created = await sendJson<{ id: string }>('POST', 'orders', {
    amount,
    currency,
    ...(reference === '' ? {} : { reference }),
  })
  onOrder(created.id)
  return created.id
}
