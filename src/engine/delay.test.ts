import { afterEach, expect, it, vi } from 'vitest'
import { abortableDelay } from './delay.ts'

const DAY_MS = 24 * 3_600_000

afterEach(() => {
  vi.useRealTimers()
})

it('a delay of sixty days is over after sixty days, although no timer of Node is that long', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  const over = vi.fn<() => void>()
  const delay = abortableDelay(60 * DAY_MS, new AbortController().signal).then(over)
  await vi.advanceTimersByTimeAsync(60 * DAY_MS - 1)
  expect(over).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1)
  await delay
  expect(over).toHaveBeenCalledOnce()
})

it('a delay ends with its signal, for the reason of that', async () => {
  const stop = new AbortController()
  const delay = abortableDelay(60 * DAY_MS, stop.signal)
  stop.abort(new Error('enough'))
  await expect(delay).rejects.toThrow('enough')
})
