/**
 * Settles as `work` does, or rejects when that takes longer than `timeoutMs`; `work` goes on all the same. The message
 * begins with `what`.
 */
export async function withTimeout<T>(work: Promise<T>, timeoutMs: number, what = 'no answer'): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} within ${timeoutMs} ms`)), timeoutMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * A signal that fires with `signal`, or after `timeoutMs`. In Node 20 `AbortSignal.any` does not keep an `AbortSignal.timeout`
 * that nobody else holds: what waits for the two waits for ever once memory is collected.
 */
export function orAfter(signal: AbortSignal, timeoutMs: number): AbortSignal {
  const late = new AbortController()
  const fire = () => late.abort(new DOMException(`no answer within ${timeoutMs} ms`, 'TimeoutError'))
  setTimeout(fire, timeoutMs).unref()
  return AbortSignal.any([signal, late.signal])
}
