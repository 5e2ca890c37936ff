import { queryOptions } from '@tanstack/react-query'
import { isFinished } from '../../../src/workflow/states.ts'
import { withTold } from '../live/told-runs.ts'
import { getJson, type Query } from './client.ts'
import { keys } from './keys.ts'
import type { Page, Run, RunEntry } from './shapes.ts'

/** How often a run is read again while no stream tells of it, ms. */
const EVERY_MS = 1_500

/** How often a run that has ended is looked at: somebody may have had it go on, ms. */
const ENDED_EVERY_MS = 15_000

/** One run with its steps. `streamed`: a stream writes its changes into the cache until it ends, so nothing is asked for. */
export function runQuery(id: string, { streamed = false }: { streamed?: boolean } = {}) {
  return queryOptions({
    queryKey: keys.run(id),
    queryFn: ({ signal }) => getJson<Run>(`runs/${id}`, {}, signal),
    staleTime: streamed ? Number.POSITIVE_INFINITY : 0,
    refetchInterval: ({ state }) => {
      if (state.data && isFinished(state.data.status)) return ENDED_EVERY_MS
      return streamed ? false : EVERY_MS
    },
  })
}

/** A page of runs, and when it was asked for, of `performance.now()`. */
export interface ReadPage extends Page<RunEntry> {
  askedMs: number
}

/** Reads a page of runs, as new as what streams told of them meanwhile. */
export async function readRuns(query: Query, signal: AbortSignal): Promise<ReadPage> {
  const askedMs = performance.now()
  return { ...withTold(await getJson<Page<RunEntry>>('runs', query, signal), askedMs), askedMs }
}

/** The newest runs that match. */
export function newestRunsQuery(filter: { workflow?: string | undefined; status?: readonly string[] | undefined }) {
  return queryOptions({
    queryKey: keys.runs(filter),
    queryFn: ({ signal }) => readRuns(filter, signal),
    refetchInterval: EVERY_MS,
  })
}
