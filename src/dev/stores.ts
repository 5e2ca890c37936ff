import { join } from 'node:path'
import type { Config } from '../config.ts'
import { SluiceError } from '../errors.ts'

/** Which stores serve: a URL of the user's, or one of our own. */
export interface StorePlan {
  database: { kind: 'given'; url: string } | { kind: 'embedded'; folder: string }
  queue:
    | { kind: 'given'; url: string }
    | { kind: 'embedded'; folder: string; program: string }
    /** BullMQ's Postgres backend, on the database above. */
    | { kind: 'postgres' }
}

/**
 * Decides it: what the configuration names is used; Postgres is embedded otherwise; so is Redis where there is a program
 * for it (`redisProgram`), else BullMQ works on Postgres. Throws `invalid_config` where Redis is asked for and cannot be had.
 */
export function planStores(
  config: Pick<Config, 'databaseUrl' | 'redisUrl' | 'queueBackend' | 'home'>,
  redisProgram: string | null,
): StorePlan {
  const { databaseUrl, home } = config
  return {
    database:
      databaseUrl === undefined
        ? { kind: 'embedded', folder: join(home, 'postgres') }
        : { kind: 'given', url: databaseUrl },
    queue: planQueue(config, redisProgram),
  }
}

function planQueue(
  { redisUrl, queueBackend, home }: Pick<Config, 'redisUrl' | 'queueBackend' | 'home'>,
  program: string | null,
): StorePlan['queue'] {
  if (queueBackend === 'postgres') return { kind: 'postgres' }
  if (redisUrl !== undefined) return { kind: 'given', url: redisUrl }
  if (program !== null) return { kind: 'embedded', folder: join(home, 'redis'), program }
  if (queueBackend === undefined) return { kind: 'postgres' }
  throw new SluiceError(
    'invalid_config',
    'QUEUE_BACKEND is "redis", but REDIS_URL is not set and there is no redis-server or valkey-server on the PATH: install one, or set REDIS_URL',
  )
}
