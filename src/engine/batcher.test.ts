import { describe, expect, test, vi } from 'vitest'
import { createLogger } from '../log.ts'
import { Batcher } from './batcher.ts'

const log = createLogger('test', 'silent')

type Flush = (items: number[]) => Promise<string[]>

/** What the driver says of a connection that broke. */
const broken = () => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })

function batcherOf(flush: Flush, repeatable?: boolean): Batcher<number, string> {
  return new Batcher({
    name: 'test',
    flush,
    inFlight: 1,
    maxItems: 3,
    log,
    ...(repeatable === false && { repeatable }),
  })
}

describe('a batcher', () => {
  test('sends what comes in the same turn together, up to its limit, and answers each item its own', async () => {
    const flush = vi.fn<Flush>(async (items: number[]) => items.map(String))
    const batcher = batcherOf(flush)
    expect(await Promise.all([1, 2, 3, 4].map((item) => batcher.add(item)))).toEqual(['1', '2', '3', '4'])
    expect(flush.mock.calls).toEqual([[[1, 2, 3]], [[4]]])
  })

  test('sends again what Postgres did not answer', async () => {
    const flush = vi.fn<Flush>(async (items: number[]) => items.map(String)).mockRejectedValueOnce(broken())
    const batcher = batcherOf(flush)
    expect(await Promise.all([1, 2].map((item) => batcher.add(item)))).toEqual(['1', '2'])
    expect(flush.mock.calls).toEqual([[[1, 2]], [[1, 2]]])
  })

  test('sends nothing again that is not to be repeated: whoever waits is told', async () => {
    const error = broken()
    const flush = vi.fn<Flush>().mockRejectedValue(error)
    const batcher = batcherOf(flush, false)
    const settled = await Promise.allSettled([1, 2].map((item) => batcher.add(item)))
    expect(settled).toEqual([1, 2].map(() => ({ status: 'rejected', reason: error })))
    expect(flush.mock.calls).toEqual([[[1, 2]]])
  })

  test.each([true, false])('takes a batch apart where an item cannot be done (repeatable: %s)', async (repeatable) => {
    const flush = vi.fn<Flush>(async (items: number[]) => {
      if (items.includes(2)) throw new Error('two is impossible')
      return items.map(String)
    })
    const batcher = batcherOf(flush, repeatable)
    const settled = await Promise.allSettled([1, 2, 3].map((item) => batcher.add(item)))
    expect(settled.map((one) => (one.status === 'fulfilled' ? one.value : 'refused'))).toEqual(['1', 'refused', '3'])
  })
})
