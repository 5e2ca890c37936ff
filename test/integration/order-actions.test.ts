import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase, type Database } from '../../src/db/client.ts'
import { createLogger } from '../../src/log.ts'
import type { ActionContext, TransactionAction } from '../../workers/action.ts'
import { chargePayment, refundPayment, shipOrder, validateOrder } from '../../workers/actions/orders.ts'
import { actionContext } from '../support/action-context.ts'
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts'

let store: TestDatabase
let database: Database
beforeAll(async () => {
  store = await createTestDatabase()
  const log = createLogger('test', 'silent')
  database = openDatabase({ url: store.url, connections: 4, applicationName: 'test', log })
})
afterAll(async () => {
  await database.close()
  await store.close()
})

/** A new order, as POST /orders makes it. */
async function createOrder(): Promise<string> {
  const id = randomUUID()
  await database.pool.query(`INSERT INTO orders (id, amount, currency, reference) VALUES ($1, 12.5, 'EUR', 'A-1')`, [
    id,
  ])
  await database.pool.query(`INSERT INTO order_history (order_id, status) VALUES ($1, 'pending')`, [id])
  return id
}

interface StoredOrder {
  status: string
  history: { status: string; run_id: string | null; step_id: string | null }[]
}

async function readOrder(id: string): Promise<StoredOrder> {
  const order = await database.pool.query<{ status: string }>('SELECT status FROM orders WHERE id = $1', [id])
  const history = await database.pool.query<StoredOrder['history'][number]>(
    'SELECT status, run_id, step_id FROM order_history WHERE order_id = $1 ORDER BY id',
    [id],
  )
  return { status: order.rows[0]?.status ?? 'missing', history: history.rows }
}

/** A step of a run, in the run of the order; `perform` executes an action in a transaction of its own. */
function startRun(orderId: string | null) {
  const runId = randomUUID()
  return {
    runId,
    contextOf: (stepId: string): ActionContext<unknown> =>
      actionContext<unknown>(undefined, { orderId, runId, stepId, idempotencyKey: `${runId}.${stepId}` }),
    async perform(action: TransactionAction, stepId: string = action.name): Promise<unknown> {
      const context = this.contextOf(stepId)
      const result = await database.orm.transaction((tx) => action.transaction(tx, context))
      return action.output.parse(result)
    },
  }
}

describe('the main line', () => {
  test('an order goes from pending to validated, charged and shipped, and its history names run and step', async () => {
    const orderId = await createOrder()
    const run = startRun(orderId)

    const base = { order_id: orderId, simulated: false, amount: '12.50', currency: 'EUR', reference: 'A-1' }
    expect(await run.perform(validateOrder, 'validate')).toEqual({ ...base, status: 'validated' })
    expect(await run.perform(chargePayment, 'charge')).toEqual({
      ...base,
      status: 'charged',
      payment_id: expect.stringMatching(/^pay_[0-9a-f]{24}$/),
    })
    expect(await run.perform(shipOrder, 'ship')).toEqual({
      ...base,
      status: 'shipped',
      tracking: expect.stringMatching(/^trk_[0-9a-f]{24}$/),
    })

    expect(await readOrder(orderId)).toEqual({
      status: 'shipped',
      history: [
        { status: 'pending', run_id: null, step_id: null },
        { status: 'validated', run_id: run.runId, step_id: 'validate' },
        { status: 'charged', run_id: run.runId, step_id: 'charge' },
        { status: 'shipped', run_id: run.runId, step_id: 'ship' },
      ],
    })
  })

  test.each([
    ['charged', [validateOrder, chargePayment]] as const,
    ['shipped', [validateOrder, chargePayment, shipOrder]] as const,
  ])('a %s order can be refunded', async (_, actions) => {
    const orderId = await createOrder()
    const run = startRun(orderId)
    for (const action of actions) await run.perform(action)
    expect(await run.perform(refundPayment)).toMatchObject({ status: 'refunded', refund_id: expect.any(String) })
    expect((await readOrder(orderId)).status).toBe('refunded')
  })
})

describe('a wrong move', () => {
  test('fails for good, says what is needed, and changes nothing', async () => {
    const orderId = await createOrder()
    const attempt = startRun(orderId).perform(shipOrder)
    await expect(attempt).rejects.toMatchObject({ name: 'PermanentError', code: 'order_transition' })
    await expect(attempt).rejects.toThrow(
      `order ${orderId} is pending; to become shipped it must be charged: let a charge_payment step run before it`,
    )
    expect(await readOrder(orderId)).toMatchObject({ status: 'pending', history: [{ status: 'pending' }] })
  })

  test.each([
    [validateOrder, [validateOrder]],
    [chargePayment, []],
    [chargePayment, [validateOrder, chargePayment]],
    [shipOrder, [validateOrder]],
    [refundPayment, []],
    [refundPayment, [validateOrder]],
    [refundPayment, [validateOrder, chargePayment, refundPayment]],
    [shipOrder, [validateOrder, chargePayment, refundPayment]],
  ] as const)('$name is refused after what another run did (case %#)', async (action, before) => {
    const orderId = await createOrder()
    const other = startRun(orderId)
    for (const earlier of before) await other.perform(earlier)
    await expect(startRun(orderId).perform(action)).rejects.toMatchObject({ code: 'order_transition' })
  })

  test('an order that does not exist is named', async () => {
    const orderId = randomUUID()
    await expect(startRun(orderId).perform(validateOrder)).rejects.toMatchObject({
      code: 'order_not_found',
      message: expect.stringContaining(orderId),
    })
  })

  test('of two runs that charge the same order at once, one does and the other is told', async () => {
    const orderId = await createOrder()
    await startRun(orderId).perform(validateOrder)
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => startRun(orderId).perform(chargePayment)))
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1)
    expect(outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []))).toEqual([
      'order_transition',
      'order_transition',
    ])
    expect((await readOrder(orderId)).history.filter((entry) => entry.status === 'charged')).toHaveLength(1)
  })
})

describe('exactly once', () => {
  test('a transaction that is rolled back leaves no trace', async () => {
    const orderId = await createOrder()
    const context = startRun(orderId).contextOf('validate')
    const attempt = database.orm.transaction(async (tx) => {
      await validateOrder.transaction(tx, context)
      throw new Error('the worker was killed')
    })
    await expect(attempt).rejects.toThrow('killed')
    expect(await readOrder(orderId)).toMatchObject({ status: 'pending', history: [{ status: 'pending' }] })
  })

  test('a step that is run again after it was done completes with the same output and moves nothing', async () => {
    const orderId = await createOrder()
    const run = startRun(orderId)
    await run.perform(validateOrder)
    const first = await run.perform(chargePayment)
    await run.perform(shipOrder)

    expect(await run.perform(chargePayment)).toEqual(first)
    const { status, history } = await readOrder(orderId)
    expect([status, history.length]).toEqual(['shipped', 4])
  })

  test('a charge that was refunded since is not taken for done', async () => {
    const orderId = await createOrder()
    const run = startRun(orderId)
    for (const action of [validateOrder, chargePayment, refundPayment]) await run.perform(action)
    await expect(run.perform(chargePayment)).rejects.toMatchObject({ code: 'order_transition' })
    await expect(run.perform(refundPayment)).resolves.toMatchObject({ status: 'refunded' })
  })
})

describe('a run without an order', () => {
  test.each([validateOrder, chargePayment, shipOrder, refundPayment])('$name only simulates', async (action) => {
    expect(await startRun(null).perform(action)).toMatchObject({ order_id: null, simulated: true, status: null })
  })
})
