import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test, type ExpectStatic } from 'vitest'
import { PACKAGE_ROOT } from '../../src/package-root.ts'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import { disorder, statusesOf, stepOf, type RunRecord } from '../support/run-record.ts'
import { withRedis } from '../support/servers.ts'
import { kill, startSystem, type System } from '../support/system.ts'

/**
 * The slow order (five steps, 24 seconds) while everything around it breaks. Each test has a system of its own, so that
 * all of them can wait at the same time.
 */
const definition = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'examples/slow-order.json'), 'utf8')) as DefinitionInput

/** How long a step of a killed worker may take to begin again elsewhere. */
const TAKE_OVER_MICROS = 10_000_000

interface Order {
  status: string
  history: { status: string; run_id: string | null; step_id: string | null }[]
}

/** Runs the order while `disturb` does its worst; gives the run's record, and checks what holds whatever happened. */
async function runSlowOrder(
  expect: ExpectStatic,
  disturb: (system: System, runId: string) => Promise<void>,
): Promise<RunRecord> {
  const system = await startSystem({ own: ['redis'] })
  try {
    const order = await system.post<{ id: string }>('/orders', { amount: '99.90' })
    const id = await system.start(definition, { order_id: order.id })
    await disturb(system, id)
    const run = await system.ended(id)
    expect(run).toMatchObject({ status: 'completed', output: { status: 'shipped' } })
    expect(new Set(Object.values(statusesOf(run)))).toEqual(new Set(['completed']))
    expect(disorder(run, definition)).toEqual([])
    const { status, history } = await system.get<Order>(`/orders/${order.id}`)
    expect(status).toBe('shipped')
    expect(history.map((entry) => [entry.status, entry.run_id, entry.step_id])).toEqual([
      ['pending', null, null],
      ['validated', id, 'validate'],
      ['charged', id, 'charge'],
      ['shipped', id, 'ship'],
    ])
    return run
  } finally {
    await system.stop()
  }
}

/** Numbers of attempts, by step. */
const attempts = (run: RunRecord) =>
  Object.fromEntries(Object.values(run.steps).map((step) => [step.step_id, step.attempt]))

const ONCE = { validate: 1, reserve: 1, charge: 1, pack: 1, ship: 1 }

async function now(system: System): Promise<number> {
  const [row] = await system.database.query<{ now: number }>(
    'SELECT extract(epoch FROM clock_timestamp()) * 1e6 AS now',
  )
  return Number(row?.now)
}

const flush = (system: System) => withRedis(system.redis.url, (redis) => redis.flushall())

describe.concurrent(
  'the slow order completes, no step that completed is executed again, and the order changes once',
  () => {
    test('when the worker that executes it is killed: the step runs again elsewhere within 10 s', async ({
      expect,
    }) => {
      let killedAt = 0
      const run = await runSlowOrder(expect, async (system, id) => {
        const worker = await system.executing(id, 'charge')
        killedAt = await now(system)
        await kill(worker)
      })
      expect(attempts(run)).toEqual({ ...ONCE, charge: 2 })
      const charge = stepOf(run, 'charge')
      expect(charge.attempts).toMatchObject([{ attempt: 1, status: 'lost', error: { code: 'worker_lost' } }])
      expect(charge.worker_id).not.toBe(charge.attempts[0]?.worker_id)
      expect(charge.started_at! - killedAt).toBeLessThan(TAKE_OVER_MICROS)
      expect(charge.retry_count).toBe(0)
    })

    test('when the API is killed and started again', async ({ expect }) => {
      const run = await runSlowOrder(expect, async (system, id) => {
        await system.begun(id, 'reserve')
        await kill(system.api)
        await system.begun(id, 'charge')
        await system.startApi()
      })
      expect(attempts(run)).toEqual(ONCE)
    })

    test('when Redis is flushed: a step of 8 s goes on, and is executed once', async ({ expect }) => {
      const run = await runSlowOrder(expect, async (system, id) => {
        await system.begun(id, 'charge')
        await flush(system)
      })
      expect(attempts(run)).toEqual(ONCE)
      expect(run.epoch).toBeGreaterThan(1)
    })

    test('when Redis is started again empty', async ({ expect }) => {
      const run = await runSlowOrder(expect, async (system, id) => {
        await system.begun(id, 'charge')
        await system.redis.stop()
        await system.redis.start({ empty: true })
      })
      expect(attempts(run)).toEqual(ONCE)
    })

    test('when Redis is started again with what it had kept', async ({ expect }) => {
      const run = await runSlowOrder(expect, async (system, id) => {
        await system.begun(id, 'pack')
        await system.redis.stop()
        await system.redis.start()
      })
      expect(attempts(run)).toEqual(ONCE)
    })

    test('when Redis is flushed and the worker killed in the same moment', async ({ expect }) => {
      let killedAt = 0
      const run = await runSlowOrder(expect, async (system, id) => {
        const worker = await system.executing(id, 'charge')
        killedAt = await now(system)
        await Promise.all([kill(worker), flush(system)])
      })
      expect(attempts(run)).toEqual({ ...ONCE, charge: 2 })
      expect(stepOf(run, 'charge').started_at! - killedAt).toBeLessThan(TAKE_OVER_MICROS)
    })

    test('when the worker, the API and Redis go one after the other', async ({ expect }) => {
      const run = await runSlowOrder(expect, async (system, id) => {
        const worker = await system.executing(id, 'validate')
        await kill(worker)
        // The run goes on while they come up, which may take longer than a step.
        const comingUp: Promise<unknown>[] = [system.startWorker()]
        await system.begun(id, 'reserve')
        await kill(system.api)
        comingUp.push(system.startApi())
        await system.begun(id, 'charge')
        await flush(system)
        await system.begun(id, 'pack')
        await system.redis.stop()
        await system.redis.start({ empty: true })
        await Promise.all(comingUp)
      })
      expect(attempts(run)).toEqual({ ...ONCE, validate: 2 })
    })
  },
)
