import { expect, test } from 'vitest'
import { defineAction, defineTransaction, sql, z, type ActionContext } from '../../workers/action.ts'
import { describeOnEachBackend } from '../support/contract.ts'
import { eventually } from '../support/eventually.ts'
import { stepOf } from '../support/run-record.ts'

const ACTIONS = [
  defineAction({
    name: 'describe',
    description: 'Tells what it was given, in its second attempt',
    input: z.unknown(),
    output: z.any(),
    run: async (context: ActionContext<unknown>) => {
      const { input, config, runId, stepId, workflow, orderId, attempt, idempotencyKey } = context
      if (attempt === 1) throw new Error('not yet')
      return {
        input,
        config,
        runId,
        stepId,
        workflow,
        orderId,
        attempt,
        idempotencyKey,
        aborted: context.signal.aborted,
      }
    },
  }),
  defineAction({
    name: 'chatter',
    description: 'Logs',
    input: z.unknown(),
    output: z.null(),
    run: async ({ log, attempt }) => {
      log.debug('one', { attempt })
      log.info('two')
      log.warn('three', [1, 2])
      log.error('four \u0000', { text: 'x\u0000y' })
      log.info('long '.repeat(2_000), { big: 'y'.repeat(40_000) })
      if (attempt === 1) throw new Error('again')
      return null
    },
  }),
  defineTransaction({
    name: 'insert_order',
    description: 'Inserts an order, then fails in its first attempt',
    input: z.object({ reference: z.string() }),
    output: z.object({ attempt: z.number() }),
    transaction: async (tx, { input, attempt }) => {
      await tx.execute(
        sql`INSERT INTO orders (id, amount, reference) VALUES (gen_random_uuid(), 1, ${input.reference})`,
      )
      if (attempt === 1) throw new Error('after the effect')
      return { attempt }
    },
  }),
  defineTransaction({
    name: 'oversized_effect',
    description: 'Has an effect and a result that is too large',
    input: z.object({ reference: z.string() }),
    output: z.string(),
    transaction: async (tx, { input }) => {
      await tx.execute(
        sql`INSERT INTO orders (id, amount, reference) VALUES (gen_random_uuid(), 1, ${input.reference})`,
      )
      return 'x'.repeat(2_000_000)
    },
  }),
]

describeOnEachBackend({ actions: ACTIONS }, (engine) => {
  test('an action is told its run, step, order, config, attempt, and the same idempotency key each time', async () => {
    const orderId = await engine().order()
    const run = await engine().run(
      {
        name: 'context',
        steps: [
          {
            id: 'tell',
            config: { action: 'describe', max_retries: 1, colour: 'red' },
            input: { order: '$order.status', amount: '$order.amount' },
            retry: { delay_seconds: 0 },
          },
        ],
      },
      { orderId },
    )
    expect(stepOf(run, 'tell').output).toEqual({
      input: { order: 'pending', amount: '12.50' },
      config: { action: 'describe', max_retries: 1, colour: 'red' },
      runId: run.id,
      stepId: 'tell',
      workflow: 'context',
      orderId,
      attempt: 2,
      idempotencyKey: `${run.id}.tell`,
      aborted: false,
    })
  })

  test('what actions log is kept, line by line, with attempt and level', async () => {
    const run = await engine().run({
      name: 'logs',
      steps: [{ id: 'a', type: 'chatter', config: { max_retries: 1 }, retry: { delay_seconds: 0 } }],
    })
    const lines = await eventually(async () => {
      const rows = await engine().database.query<{ attempt: number; level: string; message: string; data: unknown }>(
        'SELECT attempt, level, message, data FROM step_logs WHERE run_id = $1 ORDER BY id',
        [run.id],
      )
      expect(rows).toHaveLength(10)
      return rows
    })
    expect(lines.slice(0, 4)).toEqual([
      { attempt: 1, level: 'debug', message: 'one', data: { attempt: 1 } },
      { attempt: 1, level: 'info', message: 'two', data: null },
      { attempt: 1, level: 'warn', message: 'three', data: [1, 2] },
      { attempt: 1, level: 'error', message: 'four \ufffd', data: { text: 'x\ufffdy' } },
    ])
    expect(lines[4]?.message).toMatch(/… \(10000 characters\)$/)
    expect(lines[4]?.data).toMatchObject({ truncated: expect.any(String) })
    expect(lines[5]).toMatchObject({ attempt: 2, level: 'debug' })
  })

  test('effects of a transaction whose attempt fails are undone, and happen once when it succeeds', async () => {
    const run = await engine().run(
      {
        name: 'transaction',
        steps: [
          {
            id: 'a',
            type: 'insert_order',
            config: { max_retries: 2 },
            input: { reference: '$context.mark' },
            retry: { delay_seconds: 0 },
          },
        ],
      },
      { context: { mark: 'once' } },
    )
    expect(stepOf(run, 'a')).toMatchObject({ status: 'completed', attempt: 2, output: { attempt: 2 } })
    expect(await engine().database.query("SELECT reference FROM orders WHERE reference = 'once'")).toHaveLength(1)
  })

  test('a transaction whose result cannot be stored has no effect', async () => {
    const run = await engine().run({
      name: 'oversized-effect',
      steps: [{ id: 'a', type: 'oversized_effect', input: { reference: 'never' } }],
    })
    expect(stepOf(run, 'a')).toMatchObject({ status: 'failed', error: { code: 'output_too_large' } })
    expect(await engine().database.query("SELECT FROM orders WHERE reference = 'never'")).toEqual([])
  })

  test('an order goes through its statuses once, each change naming run and step', async () => {
    const orderId = await engine().order()
    const task = (id: string, action: string, after: string[]) => ({ id, config: { action }, depends_on: after })
    const run = await engine().run(
      {
        name: 'order',
        steps: [
          task('validate', 'validate_order', []),
          task('charge', 'charge_payment', ['validate']),
          task('ship', 'ship_order', ['charge']),
        ],
        output: { status: '$ship.status' },
      },
      { orderId },
    )
    expect(run).toMatchObject({ status: 'completed', output: { status: 'shipped' } })
    const history = await engine().database.query(
      'SELECT status, run_id, step_id FROM order_history WHERE order_id = $1 ORDER BY id',
      [orderId],
    )
    expect(history).toEqual([
      { status: 'pending', run_id: null, step_id: null },
      { status: 'validated', run_id: run.id, step_id: 'validate' },
      { status: 'charged', run_id: run.id, step_id: 'charge' },
      { status: 'shipped', run_id: run.id, step_id: 'ship' },
    ])
  })

  test('an order that is not where the step begins fails the step for good', async () => {
    const orderId = await engine().order()
    const run = await engine().run(
      { name: 'wrong-order', steps: [{ id: 'ship', config: { action: 'ship_order', max_retries: 3 } }] },
      { orderId },
    )
    expect(stepOf(run, 'ship')).toMatchObject({ status: 'failed', attempt: 1, error: { code: 'order_transition' } })
  })
})
