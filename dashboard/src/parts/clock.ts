import { useSyncExternalStore } from 'react'
import { serverNow } from '../api/server-clock.ts'

const TICK_MS = 1_000

const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

/** Now by the server's clock, ms, rounded down to `everyMs`; draws again when that changes. One timer for all. */
export function useNow(everyMs = TICK_MS): number {
  return useSyncExternalStore(subscribe, () => Math.floor(serverNow() / everyMs) * everyMs)
}

const NEVER = () => () => undefined

/** {@link useNow} every second while `ticking`; else 0, and nothing is drawn again. */
export function useTicking(ticking: boolean): number {
  return useSyncExternalStore(ticking ? subscribe : NEVER, () =>
    ticking ? Math.floor(serverNow() / TICK_MS) * TICK_MS : 0,
  )
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  timer ??= setInterval(() => {
    if (document.hidden) return
    for (const each of listeners) each()
  }, TICK_MS)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}
