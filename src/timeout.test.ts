import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { withTimeout } from './timeout.ts'

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
