import { Redis } from 'ioredis'
import { describe, test } from 'vitest'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import { createEffects, EFFECT_ACTIONS, effectsOf } from '../support/effects.ts'
import { eventually } from '../support/eventually.ts'
import { statusesOf, stepOf } from '../support/run-record.ts'
import { kill, startSystem, type System } from '../support/system.ts'

const effect = { action: 'effect' }

/** Everything that a step can wait for, side by side, with an effect behind each. */
const definition = {
  name: 'parked',
  steps: [
    { id: 'ask', type: 'approval', input: { what: 'all of it' } },
    { id: 'timer', type: 'wait', config: { seconds: 6 } },
    { id: 'event', type: 'wait_event', config: { event: 'go' } },
    { id: 'asks', type: 'map', config: { items: [1, 2, 3], step: { type: 'approval', input: '$item' } } },
    {
      id: 'timers',
      type: 'map',
      config: { items: [1, 2, 3], concurrency: 2, step: { type: 'wait', config: { seconds: 3 } } },
    },
    { id: 'child', type: 'workflow', config: { workflow: 'parked-child' } },
    ...['ask', 'timer', 'event', 'asks', 'timers', 'child'].map((id) => ({
      id: `after-${id}`,
      config: effect,
      depends_on: [id],
    })),
  ],
} satisfies DefinitionInput

const child = {
  name: 'parked-child',
  steps: [
    { id: 'wait', type: 'wait', config: { seconds: 5 } },
    { id: 'did', config: effect, depends_on: ['wait'] },
  ],
} satisfies DefinitionInput

const EACH_ONCE = Object.fromEntries(definition.steps.slice(6).map((step) => [step.id, 1]))

/** Steps that wait for someone; the timers go by themselves. */
const ANSWERED = ['ask', 'event', 'asks[0]', 'asks[1]', 'asks[2]']

async function isParked(system: System, id: string): Promise<boolean> {
  const { steps } = await system.read(id)
  return ANSWERED.every((step) => steps[step]?.status === 'waiting') && steps['child']?.status === 'waiting'
}

/** Gives every answer that the run waits for, over HTTP; some of these may have been given before. */
async function answerAll(system: System, id: string): Promise<void> {
  for (const step of ['ask', 'asks[0]', 'asks[1]', 'asks[2]']) {
    await system.post(`/runs/${id}/steps/${encodeURIComponent(step)}/approve`, { by: 'ann', data: step })
  }
  await system.post(`/runs/${id}/events`, { name: 'go', data: 'went' })
}

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
        { timeoutMs: 15_000 },
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
      await system.post('/workflows', child)
      const id = await system.start(definition)
      await eventually(() => isParked(system, id), { timeoutMs: 20_000 })
      const began = stepOf(await system.read(id), 'timer').started_at!
      await make(system, () => answerAll(system, id))
      const run = await system.ended(id)
      expect({ status: run.status, statuses: new Set(Object.values(statusesOf(run))) }).toEqual({
        status: 'completed',
        statuses: new Set(['completed']),
      })
      expect(await effectsOf(system.database, id)).toEqual(EACH_ONCE)
      expect(stepOf(run, 'timer').completed_at! - began).toBeGreaterThanOrEqual(6_000_000)
      const children = await system.database.query('SELECT 1 FROM runs WHERE parent_run_id = $1', [id])
      expect(children).toHaveLength(1)
    } finally {
      await system.stop()
    }
  })
})
