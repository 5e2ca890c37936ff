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
  log: Logger
}

/** Opens a pool. Connects lazily, survives a restart of Postgres: a query that fails tells its caller, the next connects anew. */
export function openDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connections,
    application_name: options.applicationName,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
  })
  pool.on('error', (error) => options.log.warn({ err: error }, 'a connection to Postgres broke'))
  return {
    orm: drizzle(pool, { schema }),
    pool,
    async batch<Row extends pg.QueryResultRow>(name: string, text: string, values: unknown[]) {
      const result = await pool.query<Row>({ name, text, values })
      return result.rows
    },
    close: () => pool.end(),
  }
}
