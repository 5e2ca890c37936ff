import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { shared } from './shared-answer.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('shared', () => {
  it('asks once for all who ask within the time', async () => {
    let asked = 0
    const ask = shared(1_000, async () => (asked += 1))
    expect(await Promise.all([ask(), ask()])).toEqual([1, 1])
    vi.advanceTimersByTime(999)
    expect(await ask()).toBe(1)
    vi.advanceTimersByTime(1)
    expect(await ask()).toBe(2)
  })

  it('a failure is not kept', async () => {
    let asked = 0
    const ask = shared(1_000, async () => {
      asked += 1
      if (asked === 1) throw new Error('away')
      return asked
    })
    await expect(ask()).rejects.toThrow('away')
    expect(await ask()).toBe(2)
  })
})
