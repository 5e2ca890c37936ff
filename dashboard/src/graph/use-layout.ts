import { useCallback, useEffect, useMemo, useState } from 'react'
import type { Drawing } from './drawing.ts'
import { LayoutCache, layoutKey } from './layout-cache.ts'
import type { Layout } from './layout.ts'
import { layOutInRows } from './rows-layout.ts'

/** A drawing with its layout. */
export interface LaidOut {
  key: string
  drawing: Drawing
  layout: Layout
}

const cache = new LayoutCache(sessionStorage)
const underWay = new Map<string, PromiseWithResolvers<Layout>>()
let worker: Worker | undefined

/** How far a drawing has come. */
interface Drawn {
  /** Undefined until there is a first one. */
  laidOut: LaidOut | undefined
  /** Why there is no layout of this drawing. */
  error: Error | undefined
  retry: () => void
}

/**
 * The drawing with its layout, which a worker makes, unless the cache has it; until then the one before it, so that nothing
 * flickers while the filter changes. Groups need no worker: they stand in rows of `columns`.
 */
export function useLayout(drawing: Drawing, columns: number): Drawn {
  const key = useMemo(
    () => (drawing.isGrouped ? `rows ${drawing.nodes.length} ${columns}` : layoutKey(drawing.input)),
    [drawing, columns],
  )
  const known = useMemo(
    () => (drawing.isGrouped ? layOutInRows(drawing.input.nodes, columns) : cache.get(key)),
    [drawing, columns, key],
  )
  const [made, setMade] = useState<LaidOut>()
  const [failure, setFailure] = useState<{ key: string; error: Error }>()
  const error = failure?.key === key ? failure.error : undefined
  useEffect(() => {
    if (error !== undefined) return undefined
    let isWanted = true
    const layout = known === undefined ? layOutAside(key, drawing) : Promise.resolve(known)
    layout.then(
      (done) => isWanted && setMade({ key, drawing, layout: done }),
      (cause: Error) => isWanted && setFailure({ key, error: cause }),
    )
    return () => {
      isWanted = false
    }
  }, [drawing, key, known, error])
  const ready = useMemo(() => known && { key, drawing, layout: known }, [known, key, drawing])
  const retry = useCallback(() => setFailure(undefined), [])
  return { laidOut: ready ?? made, error, retry }
}

async function layOutAside(key: string, { input }: Drawing): Promise<Layout> {
  const asked = underWay.get(key)
  if (asked !== undefined) return asked.promise
  const task = Promise.withResolvers<Layout>()
  underWay.set(key, task)
  const edges = input.edges.map(({ from, to }) => ({ from, to }))
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has none
  theWorker().postMessage({ key, input: { ...input, edges } })
  return task.promise
}

function theWorker(): Worker {
  if (worker !== undefined) return worker
  const made = new Worker(new URL('layout.worker.ts', import.meta.url), { type: 'module' })
  made.addEventListener('message', ({ data }: MessageEvent<{ key: string; layout: Layout }>) => {
    cache.set(data.key, data.layout)
    underWay.get(data.key)?.resolve(data.layout)
    underWay.delete(data.key)
  })
  made.addEventListener('error', (event) => giveUp(made, event))
  worker = made
  return made
}

/** A worker whose code did not arrive, or threw, answers nothing more: the next layout is made by another. */
function giveUp(broken: Worker, { message }: Partial<ErrorEvent>): void {
  broken.terminate()
  worker = undefined
  const why = message === undefined ? 'The part of the dashboard that lays out graphs did not arrive.' : message
  for (const task of underWay.values()) task.reject(new Error(why))
  underWay.clear()
}
