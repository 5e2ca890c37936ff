import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { openQueueConnection, type QueueConnection } from '../../src/queue/connection.ts'
import { eventually } from '../support/eventually.ts'
import { startPrivateRedis, type PrivateServer } from '../support/servers.ts'
import { testLog } from '../support/test-engine.ts'

let server: PrivateServer
let connection: QueueConnection
beforeAll(async () => {
  server = await startPrivateRedis()
  const options = { backend: 'redis', url: server.url, prefix: 'prompt', keepCompleted: 10, keepFailed: 10 } as const
  connection = await openQueueConnection({ ...options, log: testLog() })
})
afterAll(async () => {
  await connection.close()
  await server.dispose()
})

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** A worker for four jobs at once that has nothing to do and listens; its jobs go on until they are let go. */
async function startIdleWorker(name: string) {
  const queue = connection.queue(name)
  let letGo = () => {}
  const ended = new Promise<void>((resolve) => (letGo = resolve))
  const begun = new Set<string>()
  let asked = 0
  let inHand = 0
  const process = async (job: { name: string }) => {
    begun.add(job.name)
    inHand += 1
    await ended
    inHand -= 1
  }
  const worker = connection.worker(name, process, { concurrency: 4, jobsInHand: () => inHand })
  const { backend } = worker
  const wait = vi.spyOn(backend, 'waitForJob')
  const send = backend.execCommand.bind(backend)
  vi.spyOn(backend, 'execCommand').mockImplementation((client, command, args) => {
    if (command === 'moveToActive') asked += 1
    return send(client, command, args) as unknown
  })
  closers.push(async () => {
    letGo()
    await worker.close()
    await queue.close()
  })
  await eventually(() => wait.mock.calls.length === 1)
  return { queue, begun, letGo, asked: () => asked, listened: () => wait.mock.calls.length }
}

test('a job that wakes an idle worker has it ask Redis twice: for that job, and in vain for another', async () => {
  const { queue, begun, asked, listened } = await startIdleWorker('alone')
  const before = asked()
  await queue.add('first', {})
  await eventually(() => begun.has('first'))
  // Woken by the job, then by the marker that the taking has left.
  await eventually(() => listened() === 3)
  expect(asked() - before).toBe(2)
})

test('jobs that come together are all begun by a worker that was idle, though none has ended', async () => {
  const { queue, begun } = await startIdleWorker('together')
  await queue.addBulk(['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, data: {} })))
  await eventually(() => begun.size === 4)
  expect([...begun].toSorted()).toEqual(['a', 'b', 'c', 'd'])
})

test('a delayed job comes up in time behind one that has woken the worker', async () => {
  const { queue, begun, letGo } = await startIdleWorker('delayed')
  await queue.add('later', {}, { delay: 400 })
  await queue.add('first', {})
  await eventually(() => begun.has('first'))
  letGo()
  // Not only when the worker has listened in vain, after five seconds.
  await eventually(() => begun.has('later'), { timeoutMs: 3_000 })
  expect([...begun]).toEqual(['first', 'later'])
})
