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
