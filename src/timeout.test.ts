import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { orAfter, withTimeout } from './timeout.ts'

describe('withTimeout', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('passes on what comes in time, and rejects what does not', async () => {
    expect(await withTimeout(Promise.resolve(1), 100)).toBe(1)
    const late = withTimeout(new Promise(() => undefined), 100)
    vi.advanceTimersByTime(100)
    await expect(late).rejects.toThrow('no answer within 100 ms')
  })
})

describe('orAfter', () => {
  it('fires in time although memory is collected meanwhile, which AbortSignal.any of a timeout does not', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const server = createServer(() => undefined).listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const { port } = server.address() as AddressInfo
      const unanswered = fetch(`http://127.0.0.1:${port}/`, { signal: orAfter(new AbortController().signal, 300) })
      const collecting = setInterval(collect, 20)
      try {
        await expect(unanswered).rejects.toThrow('no answer within 300 ms')
      } finally {
        clearInterval(collecting)
      }
    } finally {
      server.closeAllConnections()
      server.close()
    }
  }, 10_000)

  it('fires with the signal that it is given', () => {
    const given = new AbortController()
    const signal = orAfter(given.signal, 60_000)
    given.abort(new Error('enough'))
    expect(signal.reason).toEqual(new Error('enough'))
  })
})
