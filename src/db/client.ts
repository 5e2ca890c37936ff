import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import type { Logger } from '../log.ts'
import * as schema from './schema.ts'

/** Postgres, as the rest of the code sees it: Drizzle for plain queries, the pool for named batch statements. */
export interface Database {
  /** Drizzle over the pool. */
  orm: Orm
  pool: pg.Pool
  /** Runs a batch statement that is prepared once a connection; `name` must be unique to its text. */
  batch<Row extends pg.QueryResultRow>(name: string, text: string, values: unknown[]): Promise<Row[]>
  /**
   * Runs `work` in one transaction. `batch` is {@link batch} within it. When `signal` fires, the connection is cut, which
   * rolls everything back, whatever `work` is waiting for.
   */
  transaction<T>(work: (tx: Transaction, batch: Database['batch']) => Promise<T>, signal?: AbortSignal): Promise<T>
  /** Ends all connections, after the queries in flight. */
  close(): Promise<void>
}

export type Orm = NodePgDatabase<typeof schema>
/** A transaction of {@link Orm}. */
export type Transaction = Parameters<Parameters<Orm['transaction']>[0]>[0]

/** What {@link openDatabase} needs to know. */
export interface DatabaseOptions {
  url: string
  /** Most connections at once. */
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

const HOT_SETTINGS =
  '-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c plan_cache_mode=force_generic_plan -c jit=off'


/** Opens a pool. Connects lazily, survives a restart of Postgres: a query that fails tells its caller, the next connects anew. */
export function openDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connections,
    application_name: options.applicationName,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    ...(options.hot === true ? { options: HOT_SETTINGS } : {}),
  })
  pool.on('error', (error) => options.log.warn({ err: error }, 'a connection to Postgres broke'))
  return {
    orm: drizzle(pool, { schema }),
    pool,
    async batch<Row extends pg.QueryResultRow>(name: string, text: string, values: unknown[]) {
      const result = await pool.query<Row>({ name, text, values })
      return result.rows
    },
    transaction: (work, signal) => inTransaction(pool, work, signal),
    close: () => pool.end(),
  }
}

async function inTransaction<T>(
  pool: pg.Pool,
  work: (tx: Transaction, batch: Database['batch']) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  signal?.throwIfAborted()
  const client = await pool.connect()
  let cut = false
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => {
      cut = true
      client.release(true)
      reject(signal.reason as Error)
    })
  })
  aborted.catch(() => undefined)
  const batch = async <Row extends pg.QueryResultRow>(name: string, text: string, values: unknown[]) =>
    (await client.query<Row>({ name, text, values })).rows
  try {
    return await Promise.race([drizzle(client, { schema }).transaction((tx) => work(tx, batch)), aborted])
  } finally {
    if (!cut) client.release()
  }
}
