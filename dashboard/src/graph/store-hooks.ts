import { createContext, useCallback, useContext, useSyncExternalStore } from 'react'
import { STEP_STATUSES, type StepStatus } from '../../../src/workflow/states.ts'
import type { Step } from '../api/shapes.ts'
import type { StepStore } from './step-store.ts'

/** The steps that the graph around a component shows. */
export const StoreContext = createContext<StepStore | null>(null)

/** The store of the graph; throws outside of one. */
export function useStore(): StepStore {
  const store = useContext(StoreContext)
  if (store === null) throw new Error('only within a graph')
  return store
}

/** A value of the store that hangs on some steps only; `read` gives the same value as long as nothing has changed. */
export function useOfSteps<Value>(ids: readonly string[], read: (store: StepStore) => Value): Value {
  const store = useStore()
  const listen = useCallback((listener: () => void) => store.listen(ids, listener), [store, ids])
  return useSyncExternalStore(listen, () => read(store))
}

/** A step as it is now; undefined where nothing runs. */
export function useStep(ids: readonly [string]): Step | undefined {
  return useOfSteps(ids, (store) => store.get(ids[0]))
}

/** How many of some steps have which status, those that there are, in the order of a step's life. */
export type Counts = readonly (readonly [StepStatus, number])[]

/** Counts of the statuses of some steps, as text that {@link readCounts} reads: equal texts are equal counts. */
export function useCountsText(ids: readonly string[]): string {
  return useOfSteps(ids, (store) => countsText(ids, store))
}

function countsText(ids: readonly string[], store: StepStore): string {
  const counts = new Map<StepStatus, number>()
  for (const id of ids) {
    const status = store.get(id)?.status
    if (status !== undefined) counts.set(status, (counts.get(status) ?? 0) + 1)
  }
  return STEP_STATUSES.flatMap((status) => (counts.has(status) ? `${status}:${counts.get(status)}` : [])).join()
}

/** Reads what {@link useCountsText} gives. */
export function readCounts(text: string): Counts {
  if (text === '') return []
  return text.split(',').map((part) => {
    const [status = '', count] = part.split(':')
    return [status as StepStatus, Number(count)] as const
  })
}
