import type { QueryClient } from '@tanstack/react-query'
import { getJson } from '../api/client.ts'
import { keys } from '../api/keys.ts'
import type { Run } from '../api/shapes.ts'
import type { RunStatus } from '../../../src/workflow/states.ts'
import { onTold } from './told-runs.ts'

/**
 * Calls back once a run has another status than `from`, after its own page or a list was told of one. What a stream tells may be
 * from before `from`, so that the run is asked for then. Returns what stops looking out for it.
 */
export function onceRunLeaves(cache: QueryClient, id: string, from: RunStatus, left: () => void): () => void {
  const queryKey = keys.run(id)
  let isOver = false
  let isAsking = false
  let isToldMore = false
  const ask = async () => {
    let status: RunStatus = from
    do {
      isToldMore = false
      status = await getJson<Run>(`runs/${id}`).then(
        (run) => run.status,
        () => from,
      )
    } while (status === from && isToldMore)
    isAsking = false
    if (status === from || isOver) return
    stop()
    left()
  }
  const see = (status: RunStatus | undefined) => {
    if (status === undefined || status === from) return
    isToldMore = true
    if (isAsking) return
    isAsking = true
    void ask()
  }
  const stopCache = cache.getQueryCache().subscribe(({ type }) => {
    if (type === 'updated') see(cache.getQueryData<Run>(queryKey)?.status)
  })
  const stopTold = onTold((rows) => see(rows.findLast((row) => row.id === id)?.status))
  const stop = () => {
    isOver = true
    stopCache()
    stopTold()
  }
  return stop
}
