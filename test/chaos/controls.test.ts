import { Redis } from 'ioredis'
import pg from 'pg'
import { describe, test } from 'vitest'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import { createEffects, EFFECT_ACTIONS, effectsOf } from '../support/effects.ts'
import { lockAwaited } from '../support/awaited-lock.ts'
import { eventually } from '../support/eventually.ts'
import { statusesOf, stepOf } from '../support/run-record.ts'
import { kill, startSystem, type System } from '../support/system.ts'

async function withSystem(own: readonly 'redis'[], use: (system: System) => Promise<void>): Promise<void> {
  const system = await startSystem({
    own,
    env: {
      SLUICE_ACTIONS: EFFECT_ACTIONS,
      RECONCILE_INTERVAL_MS: '500',
      LOCK_DURATION_MS: '2000',
      HEARTBEAT_MS: '500',
    },
  })
  try {
    await createEffects(system.database)
    await use(system)
  } finally {
    await system.stop()
  }
}

const working = (name: string, seconds: number, rest: Partial<DefinitionInput> = {}): DefinitionInput => ({
  name,
  steps: [
    { id: 'work', config: { action: 'effect', duration_seconds: seconds } },
    { id: 'after', config: { action: 'effect' }, depends_on: ['work'] },
  ],
  ...rest,
})

const isAdmitted = async (system: System, id: string): Promise<boolean> => {
  const [row] = await system.database.query<{ admitted: boolean }>(
    'SELECT admitted_at IS NOT NULL AS admitted FROM runs WHERE id = $1',
    [id],
  )
  return row?.admitted === true
}

describe.concurrent('a cancellation', () => {
  test('reaches a run whose worker cannot hear it: the run ends, and what the worker does later is lost', async ({
    expect,
  }) => {
    await withSystem([], async (system) => {
      const id = await system.start(working('deaf', 4))
      const deaf = await system.executing(id, 'work')
      deaf.signal('SIGSTOP')
      await system.post(`/runs/${id}/cancel`, {})
      const run = await system.ended(id, { timeoutMs: 15_000 })
      expect(run.status).toBe('cancelled')
      expect(statusesOf(run)).toEqual({ work: 'cancelled', after: 'cancelled' })
      deaf.signal('SIGCONT')
      // It works again, so it has had its chance to commit.
      const others = system.workers.filter((worker) => worker !== deaf)
      await Promise.all(others.map(kill))
      expect((await system.ended(await system.start(working('next', 4.5)))).status).toBe('completed')
      expect(await effectsOf(system.database, id)).toEqual({})
      expect(await system.read(id)).toEqual(run)
    })
  })

  test('reaches a run whose worker was killed', async ({ expect }) => {
    await withSystem([], async (system) => {
      const id = await system.start(working('killed', 30))
      await kill(await system.executing(id, 'work'))
      await system.post(`/runs/${id}/cancel`, {})
      const run = await system.ended(id, { timeoutMs: 15_000 })
      expect([run.status, statusesOf(run)]).toEqual(['cancelled', { work: 'cancelled', after: 'cancelled' }])
      expect(await effectsOf(system.database, id)).toEqual({})
    })
  })
})

describe.concurrent('a bulk control', () => {
  test('goes on when the API that accepted it is killed in the middle', async ({ expect }) => {
    await withSystem([], async (system) => {
      const runs = 250
      await system.post('/workflows', working('many', 600))
      const { items } = await system.post<{ items: { id: string }[] }>('/workflows/many/runs/batch', {
        runs: Array.from({ length: runs }, () => ({})),
      })
      const ids = items.map(({ id }) => id)
      const client = new pg.Client({ connectionString: system.database.url })
      await client.connect()
      try {
        // One of the second hundred, so that the API stands still before it.
        await client.query('BEGIN')
        await client.query('SELECT FROM runs WHERE id = $1 FOR UPDATE', [ids.toSorted()[150]])
        const answer = await system.post('/runs/bulk', { action: 'cancel', filter: { workflow: 'many' } })
        expect(answer).toEqual({ matched: runs })
        await lockAwaited(system.database)
        await kill(system.api)
      } finally {
        await client.end()
      }
      await system.startApi()
      for (const id of ids) expect((await system.ended(id)).status).toBe('cancelled')
      const controls = 'SELECT count(*)::int AS controls, count(DISTINCT run_id)::int AS runs FROM run_controls'
      expect(await system.database.query(controls)).toEqual([{ controls: runs, runs }])
    })
  })
})

describe.concurrent('a concurrency limit', () => {
  test('keeps the slot of a run whose worker was killed until the run has ended', async ({ expect }) => {
    await withSystem([], async (system) => {
      const limited = working('limited', 2, { concurrency: { limit: 1 } })
      const first = await system.start(limited)
      const second = await system.start(limited)
      await kill(await system.executing(first, 'work'))
      expect(await isAdmitted(system, second)).toBe(false)
      const [a, b] = [await system.ended(first), await system.ended(second)]
      expect([a.status, b.status]).toEqual(['completed', 'completed'])
      expect(stepOf(b, 'work').started_at!).toBeGreaterThanOrEqual(stepOf(a, 'after').completed_at!)
      for (const id of [first, second]) expect(await effectsOf(system.database, id)).toEqual({ work: 1, after: 1 })
    })
  })

  test('holds runs back through a flush of Redis', async ({ expect }) => {
    await withSystem(['redis'], async (system) => {
      const limited: DefinitionInput = {
        ...working('held', 0, { concurrency: { limit: 1 } }),
        steps: [
          { id: 'go', type: 'wait_event', config: { event: 'go' } },
          { id: 'work', config: { action: 'effect' }, depends_on: ['go'] },
        ],
      }
      const ids = [await system.start(limited), await system.start(limited), await system.start(limited)]
      for (const [index, id] of ids.entries()) {
        await eventually(async () => stepOf(await system.read(id), 'go').status === 'waiting', { timeoutMs: 60_000 })
        for (const held of ids.slice(index + 1)) expect(await isAdmitted(system, held)).toBe(false)
        if (index === 0) {
          const redis = new Redis(system.redisUrl)
          await redis.flushall()
          redis.disconnect()
        }
        await system.post(`/runs/${id}/events`, { name: 'go' })
        expect((await system.ended(id)).status).toBe('completed')
        expect(await effectsOf(system.database, id)).toEqual({ work: 1 })
      }
    })
  })
})
