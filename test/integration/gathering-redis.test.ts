import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { GatheringRedis } from '../../src/queue/gathering-redis.ts'

/** What passes on what it is sent to Redis, and counts the pieces in which that came. */
let server: Server
let redis: GatheringRedis
let pieces = 0

beforeAll(async () => {
  const { hostname, port } = new URL(inject('redisUrl'))
  server = createServer((client) => {
    const store = connect(Number(port), hostname)
    client.on('data', () => (pieces += 1))
    client.pipe(store).pipe(client)
    for (const [one, other] of [
      [client, store],
      [store, client],
    ] as const) {
      one.on('close', () => other.destroy())
      one.on('error', () => other.destroy())
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  redis = new GatheringRedis((server.address() as AddressInfo).port, '127.0.0.1', { maxRetriesPerRequest: null })
  await redis.ping()
})
afterAll(() => {
  redis.disconnect()
  server.close()
})

test('what one turn of the event loop asks for leaves in one write, in order', async () => {
  pieces = 0
  const asked = Array.from({ length: 100 }, (_, index) => redis.echo(`word ${index}`))
  expect(await Promise.all(asked)).toEqual(asked.map((_, index) => `word ${index}`))
  expect(pieces).toBe(1)
})

test('what later turns ask for leaves as well, also where promises lead to it', async () => {
  pieces = 0
  for (let turn = 0; turn < 3; turn += 1) {
    const words = await Promise.all([1, 2].map(async (word) => redis.echo(await redis.echo(`${turn}.${word}`))))
    expect(words).toEqual([`${turn}.1`, `${turn}.2`])
  }
  expect(pieces).toBe(6)
})

test('a connection that breaks is made anew, and asks again', async () => {
  const asked = redis.echo('first')
  redis.stream.destroy()
  expect(await Promise.all([asked, redis.echo('second')])).toEqual(['first', 'second'])
})
