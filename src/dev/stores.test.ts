import { describe, expect, it } from 'vitest'
import { planStores } from './stores.ts'

const NOTHING = { databaseUrl: undefined, redisUrl: undefined, queueBackend: undefined, home: '/home/.sluice' }

describe('the stores of npm start', () => {
  it('are embedded where nothing is configured', () => {
    expect(planStores(NOTHING, 'redis-server')).toEqual({
      database: { kind: 'embedded', folder: '/home/.sluice/postgres' },
      queue: { kind: 'embedded', folder: '/home/.sluice/redis', program: 'redis-server' },
    })
  })

  it('are one Postgres where there is no Redis program', () => {
    expect(planStores(NOTHING, null).queue).toEqual({ kind: 'postgres' })
  })

  it('are those of the user where they are named', () => {
    const plan = planStores({ ...NOTHING, databaseUrl: 'postgres://d', redisUrl: 'redis://r' }, 'redis-server')
    expect(plan).toEqual({
      database: { kind: 'given', url: 'postgres://d' },
      queue: { kind: 'given', url: 'redis://r' },
    })
  })

  it('leave Redis out where the queue is to be on Postgres', () => {
    const plan = planStores({ ...NOTHING, redisUrl: 'redis://r', queueBackend: 'postgres' }, 'redis-server')
    expect(plan.queue).toEqual({ kind: 'postgres' })
  })

  it('are refused where Redis is asked for and cannot be had', () => {
    expect(() => planStores({ ...NOTHING, queueBackend: 'redis' }, null)).toThrow(/install one, or set REDIS_URL/)
  })
})
