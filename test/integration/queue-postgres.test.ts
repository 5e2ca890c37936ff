import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTcpProxy, type TcpProxy } from '../../chaos/tcp-proxy.ts'
import { openQueueConnection, type QueueConnection } from '../../src/queue/connection.ts'
import { eventually } from '../support/eventually.ts'
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts'
import { testLog } from '../support/test-engine.ts'

let database: TestDatabase
let proxy: TcpProxy
let connection: QueueConnection

beforeAll(async () => {
  database = await createTestDatabase()
  const url = new URL(database.url)
  proxy = await startTcpProxy(Number(url.port))
  url.port = String(proxy.port)
  const options = { backend: 'postgres', url: url.href, prefix: 'q', keepCompleted: 10, keepFailed: 10 } as const
  connection = await openQueueConnection({ ...options, log: testLog() })
})

afterAll(async () => {
  await connection?.close()
  await proxy?.close()
  await database?.close()
})

test('a queue, and a worker, that are made while Postgres is away do their work once it is back', async () => {
  proxy.cut()
  const queue = connection.queue('late')
  try {
    await expect(queue.add('first', {})).rejects.toThrow()
    proxy.mend()
    // Before there is a worker: one that cannot get over it would keep this process from ending.
    await queue.add('first', {})

    proxy.cut()
    const done: string[] = []
    let failures = 0
    const worker = connection.worker('late', (job) => Promise.resolve(done.push(job.name)), {})
    worker.on('error', () => (failures += 1))
    try {
      await eventually(() => failures > 1)
      proxy.mend()
      await eventually(() => done.length > 0)
      expect(done).toEqual(['first'])
    } finally {
      await worker.close()
    }
  } finally {
    await queue.close()
  }
})
