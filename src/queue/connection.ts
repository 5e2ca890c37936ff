import {
  createRedisBackend,
  type FlowProducer,
  type Queue,
  Relay,
  runMigrations,
  withBackend,
  type Worker,
  type Processor,
  type WorkerOptions,
} from 'bullmq'
import type { Redis } from 'ioredis'
import pg from 'pg'
import { SluiceError, messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import { sessionOptions } from '../postgres-session.ts'
import { GatheringRedis } from './gathering-redis.ts'
import { createLastingBackend, createLastingRelayBackend, outlastBreaks } from './postgres-backend.ts'
import { RUNS_QUEUE } from './names.ts'
import { scanQueueNames } from './scan.ts'
import { wipePostgres, wipeRedis } from './wipe.ts'

/** Which store BullMQ runs on. */
export type QueueBackend = 'redis' | 'postgres'

/** How to reach the queue. */
export interface QueueOptions {
  backend: QueueBackend
  /** `redis://…` or `postgres://…`, as `backend` says. */
  url: string
  /** Keeps services apart that share a store: Redis's key prefix, or the schema `<prefix>_queue`. */
  prefix: string
  /** Finished jobs of each queue that stay visible in Bull Board. */
  keepCompleted: number
  keepFailed: number
  log: Logger
}

/** The part of the configuration that says which store, and what to keep there. */
export interface QueueConfig {
  queueBackend: QueueBackend
  databaseUrl: string
  redisUrl?: string | undefined
  queuePrefix: string
  keepCompletedJobs: number
  keepFailedJobs: number
}

/** How to reach the queue of a configuration. */
export function queueOptions(config: QueueConfig, log: Logger): QueueOptions {
  return {
    backend: config.queueBackend,
    url: config.queueBackend === 'redis' ? (config.redisUrl ?? 'redis://127.0.0.1:6379') : config.databaseUrl,
    prefix: config.queuePrefix,
    keepCompleted: config.keepCompletedJobs,
    keepFailed: config.keepFailedJobs,
    log,
  }
}

/** BullMQ bound to one store: the only place that knows which. */
export interface QueueConnection {
  readonly backend: QueueBackend
  readonly prefix: string
  queue(name: string): Queue
  flowProducer(): FlowProducer
  worker(name: string, processor: Processor, options: Omit<WorkerOptions, 'connection' | 'prefix'>): Worker
  /** A new node of the relay, by which processes send each other signals. */
  relay(): Relay
  /** Redis's `run_id`, which every restart changes, and the number of the database unless that is 0; null on Postgres. */
  serverRunId(): Promise<string | null>
  /** Names of all queues that hold jobs which have not finished, and maybe of some that hold none, in no order. */
  queueNames(): Promise<string[]>
  /** Whether commands leave at once, or have to wait for a connection in memory; on Postgres they fail instead. */
  isConnected(): boolean
  /** Throws unless the store answers. */
  ping(): Promise<void>
  /** Removes finished jobs of these queues (BullMQ names) beyond those that are kept; needless on Redis. */
  forgetFinished(queues: readonly string[]): Promise<void>
  /** Forgets everything of this prefix; how many keys (on Postgres: rows) that were. The token of its life goes last. */
  wipe(): Promise<number>
  close(): Promise<void>
}

/** Entries of each queue's event stream that Redis keeps: enough for listeners, small in memory. */
const EVENTS_KEPT = 1_000

/** A process that the relay has forgotten (Redis was emptied) notices after at most a third of this. */
const RELAY_LEASE_MS = 9_000

/**
 * Connects BullMQ. On Redis, refuses a server that may evict keys; on Postgres, brings BullMQ's own schema up to date.
 * Connections heal by themselves afterwards.
 */
export async function openQueueConnection(options: QueueOptions): Promise<QueueConnection> {
  return options.backend === 'redis' ? openRedis(options) : openPostgres(options)
}

async function openRedis(options: QueueOptions): Promise<QueueConnection> {
  const redis = new GatheringRedis(options.url, {
    maxRetriesPerRequest: null,
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 5), 1_000),
  })
  redis.on('error', (error) => options.log.debug({ err: error }, 'Redis connection'))
  try {
    await requireNoEviction(redis, options.log)
  } catch (error) {
    redis.disconnect()
    throw error
  }
  const bull = withBackend(createRedisBackend)
  const common = { connection: redis, prefix: options.prefix, skipVersionCheck: true }
  const retention = { removeOnComplete: { count: options.keepCompleted }, removeOnFail: { count: options.keepFailed } }
  return {
    ...factories(bull as unknown as BullClasses, { producer: common, worker: { ...common, ...retention } }, options),
    backend: 'redis',
    prefix: options.prefix,
    relay: () =>
      quietRelay(
        new Relay({ connection: redis, prefix: options.prefix, skipVersionCheck: true, leaseDuration: RELAY_LEASE_MS }),
        options,
      ),
    async serverRunId() {
      const runId = /^run_id:(\w+)/m.exec(await redis.info('server'))?.[1] ?? null
      const { db = 0 } = redis.options
      return runId === null || db === 0 ? runId : `${runId}/${db}`
    },
    queueNames: () => scanQueueNames(redis, options.prefix),
    isConnected: () => redis.status === 'ready',
    async ping() {
      if (redis.status !== 'ready') throw new Error(`Redis is not connected (${redis.status})`)
      await redis.ping()
    },
    forgetFinished: () => Promise.resolve(),
    wipe: () => wipeRedis(redis, options.prefix, `${options.prefix}:${RUNS_QUEUE}:meta`),
    async close() {
      redis.disconnect()
    },
  }
}

async function openPostgres(options: QueueOptions): Promise<QueueConnection> {
  const schema = `${options.prefix}_queue`
  const client = new pg.Client({ connectionString: options.url, options: sessionOptions() })
  // One that breaks also fails the query under way.
  client.on('error', () => undefined)
  await client.connect()
  try {
    await runMigrations(client, schema)
  } finally {
    await client.end()
  }
  const bull = withBackend(createLastingBackend)
  // The queue is disposable, so its commits need not wait for the disk: the last moment before a crash is swept up.
  const settings = sessionOptions(['synchronous_commit=off'])
  const connection = { connectionString: options.url, schema, keepAlive: true, options: settings }
  // Each part has a pool of its own, and Postgres allows some 100 or 200 connections in all: only workers, which end many
  // jobs at once, get many. With 8 for everyone, an API and two workers took 141 of them under load; with 2, 71.
  const producer = { connection: { ...connection, max: 2 } }
  const worker = { connection: { ...connection, max: 8 } }
  const pool = new pg.Pool({ connectionString: options.url, max: 1, options: sessionOptions() })
  pool.on('error', (error) => options.log.debug({ err: error }, 'Postgres connection of the queue'))
  outlastBreaks(pool)
  return {
    ...factories(bull as unknown as BullClasses, { producer, worker }, options),
    backend: 'postgres',
    prefix: options.prefix,
    relay: () =>
      quietRelay(
        new Relay({ ...producer, backend: createLastingRelayBackend, leaseDuration: RELAY_LEASE_MS }),
        options,
      ),
    serverRunId: () => Promise.resolve(null),
    async queueNames() {
      const jobs = `${pg.escapeIdentifier(schema)}.job`
      const { rows } = await pool.query<{ queue: string }>(
        `SELECT DISTINCT queue FROM ${jobs} WHERE state NOT IN ('completed', 'failed')`,
      )
      return rows.map(({ queue }) => queue)
    },
    isConnected: () => true,
    async ping() {
      await pool.query('select 1')
    },
    async forgetFinished(queues) {
      await pool.query(`SELECT ${FORGET_FINISHED}`.replaceAll('$schema', pg.escapeIdentifier(schema)), [
        queues,
        options.keepCompleted,
        options.keepFailed,
        Date.now(),
      ])
    },
    wipe: () => wipePostgres(pool, schema),
    async close() {
      await pool.end()
    },
  }
}

/**
 * BullMQ's own function for `removeOnComplete: { count }`. As an option of the workers, every completion would call it:
 * on Postgres that sorts all kept jobs each time, and two that delete the same ones deadlock, which costs a second each
 * (7 of 100 runs of the nine published DAGs). Called by one process, now and then, flows run about twice as fast.
 */
const FORGET_FINISHED = `$schema.apply_retention(q.name, '', k.state::$schema.job_state, $4, false, NULL, k.count)
FROM unnest($1::text[]) AS q(name), (VALUES ('completed', $2::int), ('failed', $3::int)) AS k(state, count)`

/** BullMQ's classes, whatever store they are bound to. */
interface BullClasses {
  Queue: new (name: string, options: object) => Queue
  Worker: new (name: string, processor: Processor, options: object) => Worker
  FlowProducer: new (options: object) => FlowProducer
}

/** Options of the parts that only add and remove jobs, and of those that take them. */
interface PartOptions {
  producer: object
  worker: object
}

function factories(bull: BullClasses, parts: PartOptions, options: QueueOptions) {
  const quiet = <T extends { on(event: 'error', listener: (error: Error) => void): unknown }>(
    part: T,
    name: string,
  ): T => {
    part.on('error', (error) => options.log.debug({ err: error, queue: name }, 'queue error'))
    return part
  }
  return {
    queue: (name: string) =>
      quiet(new bull.Queue(name, { ...parts.producer, streams: { events: { maxLen: EVENTS_KEPT } } }), name),
    flowProducer: () => quiet(new bull.FlowProducer(parts.producer), 'flows'),
    worker: (name: string, processor: Processor, workerOptions: Omit<WorkerOptions, 'connection' | 'prefix'>) =>
      quiet(new bull.Worker(name, processor, { ...parts.worker, ...workerOptions }), name),
  }
}

function quietRelay<R extends Pick<Relay, 'on'>>(relay: R, { log }: QueueOptions): R {
  relay.on('error', (error: Error) => log.debug({ err: error }, 'relay error'))
  return relay
}

/** A Redis that evicts keys loses jobs without a trace, so a wrong policy stops the start. */
async function requireNoEviction(redis: Redis, log: Logger): Promise<void> {
  let policy: string | undefined
  try {
    policy = /^maxmemory_policy:(\S+)/m.exec(await redis.info('memory'))?.[1]
  } catch (error) {
    log.warn(`cannot read Redis's maxmemory-policy (${messageOf(error)}): make sure that it is noeviction`)
    return
  }
  if (policy === undefined || policy === 'noeviction') return
  throw new SluiceError(
    'invalid_config',
    `Redis may evict keys (maxmemory-policy is ${policy}), which would lose jobs. ` +
      'Set it to noeviction: `redis-cli CONFIG SET maxmemory-policy noeviction`, and in redis.conf.',
  )
}
