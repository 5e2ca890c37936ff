import { setTimeout as sleep } from 'node:timers/promises'

/** How long {@link eventually} waits, and how often it looks. */
export interface Patience {
  /** Default 60 s: what comes at all may come late on a machine that does much else. */
  timeoutMs?: number
  /** Default 25 ms. */
  everyMs?: number
  /** What is waited for, for the message. */
  what?: string
}

/**
 * Looks until `check` neither throws nor answers false, and gives its answer. At the deadline it throws, saying how the
 * last look ended.
 */
export async function eventually<T>(check: () => T | Promise<T>, patience: Patience = {}): Promise<Exclude<T, false>> {
  const { timeoutMs = 60_000, everyMs = 25, what = 'the condition' } = patience
  const begin = performance.now()
  for (;;) {
    let last: unknown
    try {
      const answer = await check()
      if (answer !== false) return answer as Exclude<T, false>
    } catch (error) {
      last = error
    }
    if (performance.now() - begin > timeoutMs) {
      const seen = last === undefined ? 'it was false' : last instanceof Error ? last.message : JSON.stringify(last)
      throw new Error(`${what}: not within ${timeoutMs} ms; at the last look: ${seen}`, { cause: last })
    }
    await sleep(everyMs)
  }
}

/** Watches for `forMs` that `check` keeps holding; throws what it throws. For things that must not happen. */
export async function throughout(forMs: number, check: () => unknown): Promise<void> {
  const begin = performance.now()
  do {
    await check()
    await sleep(25)
  } while (performance.now() - begin < forMs)
}
