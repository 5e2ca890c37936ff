/** Longest delay that a timer of Node can hold: 24.8 days. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Resolves after `ms`, however many that are; rejects with the signal's reason as soon as that fires. */
export async function abortableDelay(ms: number, signal: AbortSignal): Promise<void> {
  const until = performance.now() + ms
  for (let left = ms; left > 0; left = until - performance.now()) {
    await new Promise<void>((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer)
        reject(signal.reason as Error)
      }
      const timer = setTimeout(
        () => {
          signal.removeEventListener('abort', stop)
          resolve()
        },
        Math.min(left, MAX_TIMER_MS),
      )
      signal.addEventListener('abort', stop, { once: true })
    })
  }
}
