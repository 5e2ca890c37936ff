import { randomUUID } from 'node:crypto'
import type { TestProject } from 'vitest/node'
import { migrate } from '../../src/db/migrate.ts'
import { startPrivatePostgres, startPrivateRedis, type PrivateServer } from './servers.ts'
import { administer, withDatabase } from './test-database.ts'

declare module 'vitest' {
  /** What this set-up hands to the test files. */
  interface ProvidedContext {
    /** A Postgres whose user may create databases. */
    databaseUrl: string
    /** Migrated and never connected to: test databases are copies of it. */
    templateDatabase: string
    redisUrl: string
  }
}

const running: PrivateServer[] = []
let dropTemplate = () => Promise.resolve()

/** One Postgres and one Redis for all test files of a project, or those named by TEST_DATABASE_URL and TEST_REDIS_URL. */
export async function setup(project: TestProject): Promise<void> {
  try {
    const [databaseUrl, redisUrl] = await Promise.all([
      process.env['TEST_DATABASE_URL'] ?? started(startPrivatePostgres()),
      process.env['TEST_REDIS_URL'] ?? started(startPrivateRedis()),
    ])
    const templateDatabase = `sluice_template_${randomUUID().slice(0, 8)}`
    await administer(databaseUrl, `CREATE DATABASE ${templateDatabase}`)
    dropTemplate = () => administer(databaseUrl, `DROP DATABASE IF EXISTS ${templateDatabase}`)
    await migrate(withDatabase(databaseUrl, templateDatabase))
    project.provide('databaseUrl', databaseUrl)
    project.provide('templateDatabase', templateDatabase)
    project.provide('redisUrl', redisUrl)
  } catch (error) {
    await teardown()
    throw error
  }
}

/** Stops what {@link setup} started. */
export async function teardown(): Promise<void> {
  try {
    await dropTemplate()
  } finally {
    dropTemplate = () => Promise.resolve()
    await Promise.all(running.splice(0).map((server) => server.dispose()))
  }
}

async function started(server: Promise<PrivateServer>): Promise<string> {
  running.push(await server)
  return (await server).url
}
