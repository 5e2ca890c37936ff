import { afterEach, beforeEach, describe, expect, it, inject } from 'vitest'
import { randomUUID } from 'node:crypto'
import { openDatabase, type Database } from '../../src/db/client.ts'
import { isMigrated, migrate, waitForMigrations } from '../../src/db/migrate.ts'
import { createLogger } from '../../src/log.ts'
import { administer, withDatabase } from '../support/test-database.ts'

const log = createLogger('test', 'silent')
let name: string
let url: string
let database: Database

beforeEach(async () => {
  name = `migrate_${randomUUID().slice(0, 8)}`
  await administer(inject('databaseUrl'), `CREATE DATABASE ${name}`)
  url = withDatabase(inject('databaseUrl'), name)
  database = openDatabase({ url, connections: 2, applicationName: 'test', log })
})

afterEach(async () => {
  await database.close()
  await administer(inject('databaseUrl'), `DROP DATABASE ${name} WITH (FORCE)`)
})

describe('migrations', () => {
  it('are applied once by processes that start together', async () => {
    expect(await isMigrated(database)).toBe(false)
    await Promise.all(Array.from({ length: 4 }, () => migrate(url)))
    expect(await isMigrated(database)).toBe(true)
    const applied = await database.pool.query(
      'select created_at from drizzle.__drizzle_migrations group by 1 having count(*) > 1',
    )
    expect(applied.rowCount).toBe(0)
  })

  it('say which Postgres could not be used', async () => {
    const wrong = withDatabase(inject('databaseUrl'), 'not_there')
    await expect(migrate(wrong)).rejects.toThrow(
      /^Postgres \(127\.0\.0\.1:\d+, database not_there\) cannot be used: database "not_there" does not exist$/,
    )
  })

  it('are waited for by workers', async () => {
    let ready = false
    const waiting = waitForMigrations(database, { log }).then(() => (ready = true))
    expect(await isMigrated(database)).toBe(false)
    expect(ready).toBe(false)
    await migrate(url)
    await waiting
  })

  it('are waited for no longer when the worker stops', async () => {
    const stopping = new AbortController()
    const waiting = waitForMigrations(database, { log, signal: stopping.signal })
    stopping.abort(new Error('stopping'))
    await expect(waiting).rejects.toThrow()
  })
})
