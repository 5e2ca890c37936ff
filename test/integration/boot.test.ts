import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProcess } from '../support/processes.ts'
import { startPrivateRedis, withRedis, type PrivateServer } from '../support/servers.ts'
import { DIST } from '../support/system.ts'
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts'

let redis: PrivateServer
let database: TestDatabase
beforeAll(async () => {
  redis = await startPrivateRedis()
  database = await createTestDatabase()
})
afterAll(async () => {
  await redis?.dispose()
  await database?.close()
})

test.each(['src/main.js', 'workers/main.js'])(
  '%s refuses a Redis that may evict keys, and says what to do',
  async (entry) => {
    await withRedis(redis.url, (client) => client.config('SET', 'maxmemory-policy', 'allkeys-lru'))
    const child = startProcess([`${DIST}/${entry}`], { DATABASE_URL: database.url, REDIS_URL: redis.url, PORT: '0' })
    expect(await child.exited).toBe(1)
    const text = child.lines.join('\n')
    expect(text).toContain('maxmemory-policy is allkeys-lru')
    expect(text).toContain('CONFIG SET maxmemory-policy noeviction')
  },
)
