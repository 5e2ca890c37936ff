import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { apiUrl } from '../api/client.ts'
import { keys } from '../api/keys.ts'
import type { Run, Step } from '../api/shapes.ts'
import { openEventStream } from './event-stream.ts'
import { frameBatch } from './frame-batch.ts'
import { afterChanges, type Change } from './run-changes.ts'

/**
 * Keeps `runQuery(id)` as the server has it, as long as the component is there; whether it does. Where it does not, the
 * query asks by itself: `useQuery(runQuery(id, { streamed }))`.
 */
export function useRunStream(id: string): boolean {
  const cache = useQueryClient()
  const [live, setLive] = useState(false)
  useEffect(() => {
    const changes = frameBatch<Change>((batch) => apply(cache, id, batch))
    const close = openEventStream({
      name: `run ${id}`,
      url: () => apiUrl(`runs/${id}/stream`),
      on: {
        run: (run) => changes.push({ run: run as Run }),
        step: (step) => changes.push({ step: step as Step }),
        end: (run) => changes.push({ run: run as Run }),
      },
      last: 'end',
      onState: (state) => setLive(state === 'live'),
    })
    return () => {
      close()
      changes.drop()
    }
  }, [cache, id])
  return live
}

function apply(cache: QueryClient, id: string, changes: readonly Change[]): void {
  cache.setQueryData<Run>(keys.run(id), (before) => afterChanges(before, changes))
  for (const stepId of changedSteps(changes)) void cache.invalidateQueries({ queryKey: keys.step(id, stepId) })
}

function changedSteps(changes: readonly Change[]): Set<string> {
  return new Set(changes.flatMap((change) => ('step' in change ? [change.step.step_id] : [])))
}
