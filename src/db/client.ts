import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import type { Logger } from '../log.ts'
import { sessionOptions } from '../postgres-session.ts'
import { withTimeout } from '../timeout.ts'
import { isRetryable } from './retryable.ts'
import * as schema from './schema.ts'

/** Postgres, as the rest of the code sees it: Drizzle for plain queries, the pool for named batch statements. */
export interface Database {
  /** Drizzle over the pool. */
  orm: Orm
  pool: pg.Pool
  /** Runs a batch statement that is prepared once a connection; `name` must be unique to its text. */
  batch<Row extends pg.QueryResultRow>(name: string, text: string, values: unknown[]): Promise<Row[]>
  /**
   * Runs `work` in one transaction, on connections of its own, so that long transactions keep nothing else waiting.
   * `batch` is {@link batch} within it. When `signal` fires, the connection is cut, which rolls everything back, whatever
   * `work` is waiting for. Throws {@link TransactionLost} where Postgres went away or gave up on the transaction, and
   * {@link TransactionIdle} where it sent nothing for 60 s.
   */
  transaction<T>(work: (tx: Transaction, batch: Database['batch']) => Promise<T>, signal?: AbortSignal): Promise<T>
  /**
   * Ends all connections, those with queries in flight after these; what Postgres has not answered after a second is cut
   * off, and the query rejects. Further queries reject at once. Calling it again changes nothing.
   */
  close(): Promise<void>
}

/** Postgres went away, or chose the transaction as the victim of a collision: whether it committed must be read. */
export class TransactionLost extends Error {
  override readonly name: string = 'TransactionLost'
}

/** Postgres rolled the transaction back, as it had heard nothing of it for too long. */
export class TransactionIdle extends TransactionLost {
  override readonly name = 'TransactionIdle'
  readonly code = 'transaction_idle'
}

export type Orm = NodePgDatabase<typeof schema>
/** A transaction of {@link Orm}. */
export type Transaction = Parameters<Parameters<Orm['transaction']>[0]>[0]

/** What {@link openDatabase} needs to know. */
export interface DatabaseOptions {
  url: string
  /** Most connections at once; as many again for transactions. */
  connections: number
  /** Shown in `pg_stat_activity`. */
  applicationName: string
  /**
   * For processes that run the engine's batch statements: keeps the planner to index lookups. With the statistics of a
   * young table it would choose scans for a prepared statement, and keep them while the table grows.
   */
  hot?: boolean
  log: Logger
}

/** docs/decisions/0011-planner-settings.md */
const HOT_SETTINGS = [
  'enable_seqscan=off',
  'enable_hashjoin=off',
  'enable_mergejoin=off',
  'cpu_index_tuple_cost=100',
  'plan_cache_mode=force_generic_plan',
  'jit=off',
]

/** How long a transaction may send nothing: a process that is frozen in one holds its locks no longer. See docs/limits.md. */
const IDLE_IN_TRANSACTION_S = 60
const IDLE_SETTING = `idle_in_transaction_session_timeout=${IDLE_IN_TRANSACTION_S * 1000}`
/** https://www.postgresql.org/docs/current/errcodes-appendix.html: idle_in_transaction_session_timeout */
const IDLE_TOO_LONG = '25P03'

/** How long queries in flight have when the pools are closed. */
const CLOSE_WITHIN_MS = 1_000

/** Opens the pools. They connect lazily and survive a restart of Postgres: a query that fails tells its caller, the next connects anew. */
export function openDatabase(options: DatabaseOptions): Database {
  const pool = openPool(options, options.hot === true ? HOT_SETTINGS : [])
  const transactions = openPool(options, [])
  const closers = [pool, transactions].map((one) => closer(one, options.log))
  let closed: Promise<unknown> | undefined
  return {
    orm: drizzle(pool, { schema }),
    pool,
    async batch<Row extends pg.QueryResultRow>(name: string, text: string, values: unknown[]) {
      const result = await pool.query<Row>({ name, text, values })
      return result.rows
    },
    transaction: (work, signal) => inTransaction(transactions, work, signal),
    async close() {
      await (closed ??= Promise.all(closers.map((close) => close())))
    },
  }
}

function openPool(options: DatabaseOptions, settings: readonly string[]): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connections,
    application_name: options.applicationName,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    options: sessionOptions([IDLE_SETTING, ...settings]),
  })
  const report = (error: Error) => options.log.warn({ err: error }, 'a connection to Postgres broke')
  pool.on('error', report)
  // The pool listens to idle connections only; one that breaks in a transaction would end the process.
  pool.on('connect', (client) => client.on('error', report))
  return pool
}

/** What ends a pool. A connection that is lost without a word would keep `pool.end()` waiting for as long as TCP tries. */
function closer(pool: pg.Pool, log: Logger): () => Promise<void> {
  const busy = new Set<pg.PoolClient>()
  pool.on('acquire', (client) => void busy.add(client))
  pool.on('release', (_error, client) => void busy.delete(client))
  return async () => {
    const ended = pool.end()
    try {
      await withTimeout(ended, CLOSE_WITHIN_MS)
    } catch {
      log.warn({ connections: busy.size }, 'Postgres does not answer: cutting off what waits for it')
      // Ending a client in the middle of a query breaks its socket.
      for (const client of busy) void (client as unknown as pg.Client).end()
    }
  }
}

async function inTransaction<T>(
  pool: pg.Pool,
  work: (tx: Transaction, batch: Database['batch']) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  signal?.throwIfAborted()
  const client = await pool.connect().catch((error: unknown) => {
    throw new TransactionLost('Postgres could not be reached', { cause: error })
  })
  if (signal?.aborted === true) client.release()
  signal?.throwIfAborted()
  const batch = async <Row extends pg.QueryResultRow>(name: string, text: string, values: unknown[]) =>
    (await client.query<Row>({ name, text, values })).rows
  let onAbort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal?.reason as Error)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
  let broke: unknown
  const onError = (error: unknown) => (broke ??= error)
  client.on('error', onError)
  let cut = false
  try {
    return await Promise.race([drizzle(client, { schema }).transaction((tx) => work(tx, batch)), aborted])
  } catch (error) {
    // A connection whose transaction may still be open is closed, which rolls it back.
    cut = signal?.aborted === true || isRetryable(error)
    throw cut && signal?.aborted !== true ? lostBy(broke ?? error) : error
  } finally {
    signal?.removeEventListener('abort', onAbort)
    client.off('error', onError)
    client.release(cut)
  }
}

function lostBy(cause: unknown): TransactionLost {
  const isIdle = (cause as { code?: unknown }).code === IDLE_TOO_LONG
  if (!isIdle) return new TransactionLost('the transaction was lost', { cause })
  const message = `the transaction sent Postgres nothing for ${IDLE_IN_TRANSACTION_S} s, and was rolled back`
  return new TransactionIdle(message, { cause })
}
