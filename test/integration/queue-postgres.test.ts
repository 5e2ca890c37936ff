import type { Queue } from 'bullmq'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTcpProxy, type TcpProxy } from '../../chaos/tcp-proxy.ts'
import { openQueueConnection, type QueueConnection } from '../../src/queue/connection.ts'
import { wipePostgres } from '../../src/queue/wipe.ts'
import { eventually } from '../support/eventually.ts'
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts'
import { testLog } from '../support/test-engine.ts'

let database: TestDatabase
let proxy: TcpProxy
let connection: QueueConnection
let options: () => Parameters<typeof openQueueConnection>[0]

type Opening = () => Promise<QueueConnection>

beforeAll(async () => {
  database = await createTestDatabase()
  const url = new URL(database.url)
  proxy = await startTcpProxy(Number(url.port))
  url.port = String(proxy.port)
  options = () => ({
    backend: 'postgres',
    url: url.href,
    prefix: 'q',
    keepCompleted: 10,
    keepFailed: 10,
    log: testLog(),
  })
  connection = await openQueueConnection(options())
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

test.each([
  { while: 'it is brought up to date', ask: (open: Opening) => open() },
  {
    while: 'a queue asks whether it is up to date',
    ask: (_open: Opening, queue: () => Queue) => queue().getJobCounts(),
  },
  { while: 'the tables are emptied', ask: () => connection.wipe() },
  {
    while: 'a relay asks whether it is up to date',
    async ask() {
      const relay = connection.relay()
      await relay.publish('topic', {}).finally(() => relay.close().catch(() => undefined))
    },
  },
])('a connection that breaks while $while fails what was asked, and not the process', async ({ ask }) => {
  const holder = new pg.Client({ connectionString: database.url })
  await holder.connect()
  const made: Queue[] = []
  try {
    await holder.query('BEGIN')
    await holder.query('LOCK TABLE q_queue.migration, q_queue.event')
    const queue = () => {
      made.push(connection.queue('broken'))
      return made[0]!
    }
    const answer = ask(() => openQueueConnection(options()), queue).then(
      () => 'an answer',
      () => 'a failure',
    )
    await eventually(async () => {
      const { rowCount } = await holder.query('SELECT FROM pg_locks WHERE NOT granted')
      return rowCount! > 0
    })
    proxy.cut()
    expect(await answer).toBe('a failure')
  } finally {
    await holder.end()
    proxy.mend()
    await Promise.all(made.map((queue) => queue.close()))
  }
})

test('emptying the tables while jobs are added and done waits for them, and breaks none of their transactions', async () => {
  const queue = connection.queue('busy')
  const flows = connection.flowProducer()
  const workers = Array.from({ length: 3 }, () =>
    connection.worker('busy', () => Promise.resolve(), { concurrency: 10 }),
  )
  const children = Array.from({ length: 10 }, () => ({ name: 'child', queueName: 'busy' }))
  const over = new AbortController()
  const load = Array.from({ length: 8 }, async () => {
    while (!over.signal.aborted) await flows.add({ name: 'parent', queueName: 'busy', children })
  })
  const pool = new pg.Pool({ connectionString: database.url, max: 1 })
  let removed = 0
  try {
    for (let time = 0; time < 20; time += 1) {
      await eventually(async () => (await queue.getCompletedCount()) > 50)
      removed += await wipePostgres(pool, 'q_queue')
    }
  } finally {
    over.abort()
    await Promise.all(load)
    // What a connection knows of deadlocks it tells at the latest when it ends.
    await pool.end()
    await Promise.all([...workers, flows, queue].map((part) => part.close()))
  }
  expect(removed).toBeGreaterThan(1_000)
  const told = await database.query<{ deadlocks: number }>(
    'SELECT deadlocks::float8 FROM pg_stat_database WHERE datname = current_database()',
  )
  expect(told).toEqual([{ deadlocks: 0 }])
})

test('emptying the tables gives up where a transaction does not let them go, and has removed nothing', async () => {
  const queue = connection.queue('held')
  await queue.add('kept', {})
  const pool = new pg.Pool({ connectionString: database.url })
  const holder = await pool.connect()
  try {
    await holder.query('BEGIN')
    await holder.query('SELECT FROM q_queue.event')
    await expect(wipePostgres(pool, 'q_queue', 250)).rejects.toMatchObject({
      code: 'timed_out',
      message: expect.stringContaining('within 0.25 s') as string,
    })
    expect(await queue.getWaitingCount()).toBe(1)
    await holder.query('ROLLBACK')
    expect(await wipePostgres(pool, 'q_queue')).toBeGreaterThanOrEqual(1)
    expect(await queue.getWaitingCount()).toBe(0)
  } finally {
    holder.release()
    await pool.end()
    await queue.close()
  }
})
