import { describe, expect, it } from 'vitest'
import { CONFIG_TABLE, readConfig, readServiceConfig, workerFlags } from './config.ts'
import { SluiceError } from './errors.ts'

const DATABASE_URL = 'postgres://sluice:secret@db:5432/sluice'

function problemsOf(read: () => unknown): string[] {
  try {
    read()
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'invalid_config') return error.problems.map((one) => one.message)
    throw error
  }
  throw new Error('nothing was wrong')
}

describe('the configuration', () => {
  it('needs no variable at all', () => {
    const config = readConfig({})
    expect(config).toMatchObject({
      port: 3000,
      host: '127.0.0.1',
      databaseUrl: undefined,
      redisUrl: undefined,
      queueBackend: undefined,
      workers: 2,
      workerConcurrency: 50,
      workerQueues: ['default'],
      queuePrefix: 'sluice',
      logLevel: 'info',
      lockDurationMs: 5000,
      heartbeatMs: 2000,
    })
    expect(config.home).toMatch(/\/\.sluice$/)
  })

  it('takes an empty variable as not set, as compose files write it', () => {
    expect(readConfig({ PORT: '', REDIS_URL: ' ' })).toMatchObject({ port: 3000, redisUrl: undefined })
  })

  it('reads what is set', () => {
    const config = readConfig({
      PORT: '0',
      WORKER_QUEUES: 'default, mail,default',
      LOG_LEVEL: 'silent',
      QUEUE_PREFIX: 'a_1',
    })
    expect(config).toMatchObject({ port: 0, workerQueues: ['default', 'mail'], logLevel: 'silent', queuePrefix: 'a_1' })
  })

  it('names every wrong variable at once, with its value and what is expected', () => {
    const environment = { PORT: '70000', LOG_LEVEL: 'loud', QUEUE_PREFIX: 'a-b', WORKER_CONCURRENCY: '1.5' }
    expect(problemsOf(() => readConfig(environment))).toEqual([
      'PORT is "70000": expected a whole number from 0 to 65535 (default 3000)',
      'QUEUE_PREFIX is "a-b": expected a letter, then at most 31 letters, digits or _ (default sluice)',
      'WORKER_CONCURRENCY is "1.5": expected a whole number from 1 to 10000 (default 50)',
      'LOG_LEVEL is "loud": expected one of fatal, error, warn, info, debug, trace, silent (default info)',
    ])
  })

  it('does not show the password of a wrong URL', () => {
    const [message] = problemsOf(() => readConfig({ DATABASE_URL: 'mysql://root:secret@db/x' }))
    expect(message).toContain('DATABASE_URL is "mysql://***@db/x": expected a URL like postgres://')
  })

  it('refuses a heartbeat that a lock would not outlive', () => {
    expect(problemsOf(() => readConfig({ HEARTBEAT_MS: '3000' }))).toEqual([
      expect.stringContaining('HEARTBEAT_MS is "3000": expected at most 2500'),
    ])
  })

  it('describes every variable once', () => {
    const names = CONFIG_TABLE.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const { description } of CONFIG_TABLE) expect(description).toMatch(/^\S.{10,}[^.]$/)
  })
})

describe('the configuration of a service', () => {
  it('wants a database', () => {
    expect(problemsOf(() => readServiceConfig({}))).toEqual([expect.stringContaining('DATABASE_URL is not set')])
  })

  it('queues on Redis where there is one, else on Postgres', () => {
    expect(readServiceConfig({ DATABASE_URL }).queueBackend).toBe('postgres')
    expect(readServiceConfig({ DATABASE_URL, REDIS_URL: 'redis://r' }).queueBackend).toBe('redis')
    expect(readServiceConfig({ DATABASE_URL, REDIS_URL: 'redis://r', QUEUE_BACKEND: 'postgres' }).queueBackend).toBe(
      'postgres',
    )
    const wanted = { DATABASE_URL, QUEUE_BACKEND: 'redis' }
    expect(problemsOf(() => readServiceConfig(wanted))).toEqual([expect.stringContaining('REDIS_URL is not set')])
  })
})

describe("the worker's flags", () => {
  it('win over the environment', () => {
    const flags = workerFlags(['--concurrency', '7', '--queues=mail,slow'])
    const config = readConfig({ WORKER_CONCURRENCY: '9', WORKER_QUEUES: 'default' }, flags)
    expect(config).toMatchObject({ workerConcurrency: 7, workerQueues: ['mail', 'slow'] })
  })

  it('are refused when unknown or without a value', () => {
    expect(problemsOf(() => workerFlags(['--speed', '9']))[0]).toContain('"--speed" is not a flag of the worker')
    expect(problemsOf(() => workerFlags(['--queues']))[0]).toContain('--queues needs a value')
  })
})
