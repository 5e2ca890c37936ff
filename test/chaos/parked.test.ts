import { Redis } from 'ioredis'
import { describe, test } from 'vitest'
import { createEffects, EFFECT_ACTIONS, effectsOf } from '../support/effects.ts'
import { eventually } from '../support/eventually.ts'
import { answerAll, EFFECTS_OF_PARKED, isParked, PARKED, PARKED_CHILD } from '../support/parked-run.ts'
import { statusesOf, stepOf } from '../support/run-record.ts'
import { kill, startSystem, type System } from '../support/system.ts'

interface Trouble {
  name: string
  make: (system: System, answer: () => Promise<void>) => Promise<void>
}

const TROUBLES: Trouble[] = [
  {
    name: 'all workers are killed, and others come',
    make: async (system, answer) => {
      await Promise.all([...system.workers].map(kill))
      await answer()
      await system.startWorker()
    },
  },
  {
    name: 'Redis is flushed',
    make: async (system, answer) => {
      const redis = new Redis(system.redisUrl)
      await redis.flushall()
      redis.disconnect()
      await answer()
    },
  },
  {
    name: 'Redis is away while the answers are given, and comes back empty',
    make: async (system, answer) => {
      await system.redis.stop()
      await answer()
      await system.redis.start({ empty: true })
    },
  },
  {
    name: 'the API is killed and started again',
    make: async (system, answer) => {
      await kill(system.api)
      await system.startApi()
      await answer()
    },
  },
  {
    name: 'everything is down when the timers are due',
    make: async (system, answer) => {
      await answer()
      await Promise.all([system.api, ...system.workers].map(kill))
      await system.redis.stop()
      await eventually(
        async () => {
          const [row] = await system.database.query<{ due: boolean }>(
            `SELECT max(wake_at) < clock_timestamp() AS due FROM steps WHERE step_id = 'timer'`,
          )
          return row?.due === true
        },
        { timeoutMs: 60_000 },
      )
      await system.redis.start({ empty: true })
      await Promise.all([system.startApi(), system.startWorker()])
    },
  },
]

describe.concurrent('what is parked stays parked, and goes on once, when', () => {
  test.for(TROUBLES)('$name', async ({ make }, { expect }) => {
    const system = await startSystem({
      own: ['redis'],
      env: {
        SLUICE_ACTIONS: EFFECT_ACTIONS,
        RECONCILE_INTERVAL_MS: '500',
        LOCK_DURATION_MS: '2000',
        HEARTBEAT_MS: '500',
      },
    })
    try {
      await createEffects(system.database)
      await system.post('/workflows', PARKED_CHILD)
      const id = await system.start(PARKED)
      await eventually(() => isParked(system, id), { timeoutMs: 60_000 })
      const began = stepOf(await system.read(id), 'timer').started_at!
      await make(system, () => answerAll(system, id))
      const run = await system.ended(id)
      expect({ status: run.status, statuses: new Set(Object.values(statusesOf(run))) }).toEqual({
        status: 'completed',
        statuses: new Set(['completed']),
      })
      expect(await effectsOf(system.database, id)).toEqual(EFFECTS_OF_PARKED)
      expect(stepOf(run, 'timer').completed_at! - began).toBeGreaterThanOrEqual(6_000_000)
      const children = await system.database.query('SELECT 1 FROM runs WHERE parent_run_id = $1', [id])
      expect(children).toHaveLength(1)
    } finally {
      await system.stop()
    }
  })
})
