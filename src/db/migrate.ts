import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { drizzle } from 'drizzle-orm/node-postgres'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { migrate as applyMigrations } from 'drizzle-orm/node-postgres/migrator'
import pg from 'pg'
import { messageOf, SluiceError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { PACKAGE_ROOT } from '../package-root.ts'
import { sessionOptions } from '../postgres-session.ts'
import type { Database } from './client.ts'

const MIGRATIONS_FOLDER = join(PACKAGE_ROOT, 'drizzle')

/** Any number, but the same in every process: two API processes that start together migrate one after the other. */
const MIGRATION_LOCK = 7_105_131_992

const POLL_MS = 200

/**
 * Brings the database to the newest migration of `drizzle/`; does nothing where it is there already. All missing
 * migrations commit together or not at all. Holds a session-level advisory lock, so others that migrate wait.
 * A database that is newer than this code is left as it is. Throws `unavailable` where Postgres cannot be reached.
 */
export async function migrate(databaseUrl: string): Promise<void> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'sluice-migrate',
    options: sessionOptions(),
  })
  // A connection that breaks also fails the query under way.
  client.on('error', () => undefined)
  await client.connect().catch((error: unknown) => {
    const where = `${client.host}:${client.port}, database ${client.database}`
    throw new SluiceError('unavailable', `Postgres (${where}) cannot be used: ${messageOf(error)}`, { cause: error })
  })
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
    await applyMigrations(drizzle(client), { migrationsFolder: MIGRATIONS_FOLDER })
  } finally {
    await client.end()
  }
}

/** Whether the newest migration of `drizzle/` is applied. Rejects when Postgres cannot be asked. */
export async function isMigrated(database: Pick<Database, 'pool'>): Promise<boolean> {
  // Two statements: naming a table that is not there yet is an error, and each worker's start would log it.
  const table = await database.pool.query<{ present: boolean }>(
    `select to_regclass('drizzle.__drizzle_migrations') is not null as present`,
  )
  if (table.rows[0]?.present !== true) return false
  const newest = await database.pool.query<{ newest: string | null }>(
    'select max(created_at) as newest from drizzle.__drizzle_migrations',
  )
  return Number(newest.rows[0]?.newest ?? 0) >= newestMigration()
}

/**
 * Resolves once {@link isMigrated}; waits as long as it takes, also for a Postgres that does not answer yet, and says so
 * in the log once. Rejects with the signal's reason when it fires.
 */
export async function waitForMigrations(
  database: Pick<Database, 'pool'>,
  options: { log: Logger; signal?: AbortSignal },
): Promise<void> {
  let reported: string | undefined
  for (;;) {
    options.signal?.throwIfAborted()
    const missing = await isMigrated(database).then(
      (done) => (done ? undefined : 'the database is not migrated yet: the API does that when it starts'),
      (error: unknown) => `Postgres does not answer: ${messageOf(error)}`,
    )
    if (missing === undefined) return
    if (missing !== reported) options.log.info(`waiting: ${missing}`)
    reported = missing
    await sleep(POLL_MS, undefined, options.signal === undefined ? {} : { signal: options.signal })
  }
}

let newestKnown: number | undefined

/** `folderMillis` of the newest migration: what the migrator writes to `created_at`. */
function newestMigration(): number {
  newestKnown ??= Math.max(
    0,
    ...readMigrationFiles({ migrationsFolder: MIGRATIONS_FOLDER }).map(({ folderMillis }) => folderMillis),
  )
  return newestKnown
}
