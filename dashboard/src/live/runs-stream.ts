import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'
import { apiUrl } from '../api/client.ts'
import type { Page, RunEntry } from '../api/shapes.ts'
import { openEventStream } from './event-stream.ts'
import { frameBatch } from './frame-batch.ts'
import { noteTold, withRows } from './told-runs.ts'

type Listener = (rows: readonly RunEntry[]) => void

/** The one stream of the tab, open while anybody listens. */
const rowListeners = new Set<Listener>()
const stateListeners = new Set<() => void>()
const reloadListeners = new Set<() => void>()
let live = false
let close: (() => void) | undefined

/**
 * Tells of runs that changed, at most once a frame, as long as the component is there; whether it does. Rows of lists in
 * the cache (keys `['runs', …]`) are brought up to date besides: `onRows` is for what is to be done with runs that no list
 * has, or whose new status does not fit a list's filter.
 */
export function useRunsStream(onRows?: Listener): boolean {
  const cache = useQueryClient()
  const isLive = useSyncExternalStore(subscribeState, () => live)
  useEffect(() => {
    const patch: Listener = (rows) => patchRuns(cache, rows)
    // What a list cannot be told row by row it reads again.
    const reload = () => void cache.invalidateQueries({ queryKey: ['newest-runs'] })
    rowListeners.add(patch)
    reloadListeners.add(reload)
    close ??= connect()
    return () => {
      rowListeners.delete(patch)
      reloadListeners.delete(reload)
      if (rowListeners.size > 0) return
      close?.()
      close = undefined
      live = false
    }
  }, [cache])
  useEffect(() => {
    if (onRows === undefined) return
    rowListeners.add(onRows)
    return () => void rowListeners.delete(onRows)
  }, [onRows])
  return isLive
}

function subscribeState(listener: () => void): () => void {
  stateListeners.add(listener)
  return () => stateListeners.delete(listener)
}

function connect(): () => void {
  const rows = frameBatch<RunEntry>((batch) => {
    for (const listener of rowListeners) listener(batch)
  })
  const end = openEventStream({
    name: 'runs',
    url: () => apiUrl('stream'),
    on: {
      run: (data) => {
        const row = data as RunEntry
        noteTold([row], performance.now())
        rows.push(row)
      },
      reload: () => {
        for (const listener of reloadListeners) listener()
      },
    },
    onState: (state) => {
      live = state === 'live'
      for (const listener of stateListeners) listener()
    },
  })
  return () => {
    end()
    rows.drop()
  }
}

interface Pages {
  pages: Page<RunEntry>[]
  pageParams: unknown[]
}

/** Puts rows in the place of their older selves, in all lists of the cache, plain and infinite. */
export function patchRuns(cache: QueryClient, rows: readonly RunEntry[]): void {
  const newest = new Map(rows.map((row) => [row.id, row]))
  cache.setQueriesData<Page<RunEntry> | Pages>({ queryKey: ['runs'] }, (list) => {
    if (list === undefined) return list
    if ('pages' in list) return { ...list, pages: list.pages.map((page) => withRows(page, newest)) }
    return withRows(list, newest)
  })
}
