import { useEffect, useMemo, useState } from 'react'
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
const waiting = new Map<string, ((layout: Layout) => void)[]>()
let worker: Worker | undefined

/**
 * The drawing with its layout, which a worker makes, unless the cache has it; until then the one before it (undefined at
 * first), so that nothing flickers while the filter changes. Groups need no worker: they stand in rows of `columns`.
 */
export function useLayout(drawing: Drawing, columns: number): LaidOut | undefined {
  const key = useMemo(
    () => (drawing.isGrouped ? `rows ${drawing.nodes.length} ${columns}` : layoutKey(drawing.input)),
    [drawing, columns],
  )
  const known = useMemo(
    () => (drawing.isGrouped ? layOutInRows(drawing.input.nodes, columns) : cache.get(key)),
    [drawing, columns, key],
  )
  const [made, setMade] = useState<LaidOut>()
  useEffect(() => {
    let isWanted = true
    const keep = (layout: Layout) => {
      if (isWanted) setMade({ key, drawing, layout })
    }
    if (known === undefined) layOutAside(key, drawing, keep)
    else queueMicrotask(() => keep(known))
    return () => {
      isWanted = false
    }
  }, [drawing, key, known])
  const ready = useMemo(() => known && { key, drawing, layout: known }, [known, key, drawing])
  return ready ?? made
}

function layOutAside(key: string, { input }: Drawing, onDone: (layout: Layout) => void): void {
  const others = waiting.get(key)
  if (others !== undefined) {
    others.push(onDone)
    return
  }
  waiting.set(key, [onDone])
  const edges = input.edges.map(({ from, to }) => ({ from, to }))
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has none
  theWorker().postMessage({ key, input: { ...input, edges } })
}

function theWorker(): Worker {
  if (worker !== undefined) return worker
  const made = new Worker(new URL('layout.worker.ts', import.meta.url), { type: 'module' })
  made.addEventListener('message', ({ data }: MessageEvent<{ key: string; layout: Layout }>) => {
    cache.set(data.key, data.layout)
    const listeners = waiting.get(data.key) ?? []
    waiting.delete(data.key)
    for (const listener of listeners) listener(data.layout)
  })
  worker = made
  return made
}
