import { useSyncExternalStore } from 'react'

/**
 * `ended`: what the page shows changes no more. `live`: a stream is open. `polling`: no stream, but answers come. `retrying`:
 * one was lost. `stale`: no answers.
 */
export type LiveState = 'ended' | 'live' | 'polling' | 'retrying' | 'stale'

/** From the best to the worst. */
const ORDER: readonly LiveState[] = ['ended', 'live', 'polling', 'retrying', 'stale']

const states = new Map<string, LiveState>()
const listeners = new Set<() => void>()

/** Says how the connection called `name` is; undefined: it is not needed any more. */
export function reportLive(name: string, state: LiveState | undefined): void {
  if (states.get(name) === state) return
  if (state === undefined) states.delete(name)
  else states.set(name, state)
  for (const listener of listeners) listener()
}

/** The worst of all connections: what the page as a whole can claim. */
export function useLiveState(): LiveState {
  return useSyncExternalStore(subscribe, worst)
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function worst(): LiveState {
  const present = new Set(states.values())
  return ORDER.findLast((state) => present.has(state)) ?? 'polling'
}
