import type { Redis } from 'ioredis'

/** Keys that one SCAN is asked for: a millisecond or so of Redis's time. */
const KEYS_AT_ONCE = 1_000

/** The keys of a pattern, in pages, while others go on: SCAN never blocks the server. A key may come up twice. */
export function scanKeys(redis: Redis, match: string): AsyncIterable<string[]> {
  return redis.scanStream({ match, count: KEYS_AT_ONCE })
}

/** Names of the queues of a prefix: each that was ever added to has a key `prefix:name:meta`. */
export async function scanQueueNames(redis: Redis, prefix: string): Promise<string[]> {
  const start = `${prefix}:`
  const end = ':meta'
  const names = new Set<string>()
  for await (const keys of scanKeys(redis, `${start}*${end}`)) {
    for (const key of keys) names.add(key.slice(start.length, -end.length))
  }
  return [...names]
}
