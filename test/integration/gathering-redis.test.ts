import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { GatheringRedis } from '../../src/queue/gathering-redis.ts'
import { startPrivateRedis, type PrivateServer } from '../support/servers.ts'

let server: PrivateServer
let redis: GatheringRedis
/** Asks how often Redis has read. */
let observer: Redis

beforeAll(async () => {
  server = await startPrivateRedis()
  redis = new GatheringRedis(server.url, { maxRetriesPerRequest: null })
  observer = new Redis(server.url)
  await Promise.all([redis.ping(), observer.ping()])
})
afterAll(async () => {
  redis.disconnect()
  observer.disconnect()
  await server.dispose()
})

const reads = async () => Number(/^total_reads_processed:(\d+)/m.exec(await observer.info('stats'))![1])

/** In how many pieces Redis got what `work` asks for. */
async function piecesOf(work: () => Promise<unknown>): Promise<number> {
  const before = await reads()
  await work()
  const own = 1
  return (await reads()) - before - own
}

test('what little one turn of the event loop asks for leaves in one write', async () => {
  const words = Array.from({ length: 7 }, (_, index) => `word ${index}`)
  const pieces = await piecesOf(async () => {
    expect(await Promise.all(words.map((word) => redis.echo(word)))).toEqual(words)
  })
  expect(pieces).toBe(1)
})

test('of what much one turn asks for, eight at a time leave while it goes on, in order', async () => {
  const words = Array.from({ length: 100 }, (_, index) => `word ${index}`)
  const heldAfter: number[] = []
  const echoes = words.map((word) => {
    const echo = redis.echo(word)
    heldAfter.push(redis.stream.writableLength)
    return echo
  })
  expect(await Promise.all(echoes)).toEqual(words)
  const gone = heldAfter.flatMap((bytes, index) => (bytes === 0 ? [index + 1] : []))
  expect(gone).toEqual([8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96])
})

test('what later turns ask for leaves as well, also where promises lead to it', async () => {
  const pieces = await piecesOf(async () => {
    for (let turn = 0; turn < 3; turn += 1) {
      const words = await Promise.all([1, 2].map(async (word) => redis.echo(await redis.echo(`${turn}.${word}`))))
      expect(words).toEqual([`${turn}.1`, `${turn}.2`])
    }
  })
  expect(pieces).toBe(6)
})

test('a connection that breaks is made anew, and asks again', async () => {
  const asked = redis.echo('first')
  redis.stream.destroy()
  expect(await Promise.all([asked, redis.echo('second')])).toEqual(['first', 'second'])
})
