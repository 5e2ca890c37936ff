import type { QueryClient } from '@tanstack/react-query'
import { keys } from '../api/keys.ts'
import type { Run } from '../api/shapes.ts'
import type { RunStatus } from '../../../src/workflow/states.ts'
import { onTold } from './told-runs.ts'

/**
 * Calls back once a run is known to have another status than `from`: by its own page, or by a list. Returns what stops
 * looking out for it.
 */
export function onceRunLeaves(cache: QueryClient, id: string, from: RunStatus, left: () => void): () => void {
  const queryKey = keys.run(id)
  const see = (status: RunStatus | undefined) => {
    if (status === undefined || status === from) return
    stop()
    left()
  }
  const stopCache = cache.getQueryCache().subscribe(({ type }) => {
    if (type === 'updated') see(cache.getQueryData<Run>(queryKey)?.status)
  })
  const stopTold = onTold((rows) => see(rows.findLast((row) => row.id === id)?.status))
  const stop = () => {
    stopCache()
    stopTold()
  }
  return stop
}
