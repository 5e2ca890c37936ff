import { useReactFlow } from '@xyflow/react'
import { useCallback, useEffect, useLayoutEffect, useRef } from 'react'
import { GROUP_ZOOM } from './drawing.ts'
import { boxOf } from './edge-path.ts'
import { useStore } from './store-hooks.ts'
import type { LaidOut } from './use-layout.ts'

/** Names cannot be read when the graph is smaller than that. */
const READABLE = { wide: 0.55, narrow: 0.48 }
const LARGEST = 1.1
const PADDING_PX = { wide: 28, narrow: 12 }
const NARROW_PX = 480
/** A graph that goes down begins at most so far from the top, pixels. */
const FROM_TOP = 48
const MOVE_MS = 250

/**
 * Where one looks. A graph that is drawn for the first time, otherwise, or in another window, is shown whole; where that would be too small
 * to be read, the step that matters: the selected one, else one that failed or runs, else the first.
 */
export function useCamera(laidOut: LaidOut, selected: string | undefined, isFull: boolean) {
  const place = useRef<HTMLDivElement>(null)
  const flow = useReactFlow()
  const store = useStore()
  const chosen = useRef(selected)
  useEffect(() => {
    chosen.current = selected
  }, [selected])

  const lookAt = useCallback(() => {
    const box = place.current?.getBoundingClientRect()
    if (place.current === null || box === undefined || box.width === 0) return
    const { drawing, layout } = laidOut
    const size = box.width < NARROW_PX ? 'narrow' : 'wide'
    const padding = PADDING_PX[size]
    const whole = Math.min((box.width - 2 * padding) / layout.width, (box.height - 2 * padding) / layout.height)
    const zoom = Math.min(Math.max(whole, drawing.isGrouped ? GROUP_ZOOM : READABLE[size]), LARGEST)
    const [width, height] = [layout.width * zoom, layout.height * zoom]
    const status = (id: string) => store.get(id)?.status
    const steps = drawing.model.nodes.map(({ id }) => id)
    const focus =
      chosen.current ??
      steps.find((id) => status(id) === 'failed') ??
      steps.find((id) => ['running', 'retrying', 'waiting'].includes(status(id) ?? '')) ??
      steps[0]
    const node = drawing.nodes.find(({ id }) => focus !== undefined && id === drawing.nodeOf(focus))
    const at = node === undefined ? { x: 0, y: 0, width: 0, height: 0 } : boxOf(layout, node.id, node)
    // What fits stands in the middle, what does not is cut off at its edges only.
    const start = (length: number, room: number, middle: number) =>
      length <= room - 2 * padding
        ? (room - length) / 2
        : Math.min(padding, Math.max(room - padding - length, room / 2 - middle * zoom))
    const y = start(height, box.height, at.y + at.height / 2)
    void flow.setViewport({
      x: start(width, box.width, at.x + at.width / 2),
      y: drawing.direction === 'TB' ? Math.min(y, FROM_TOP) : y,
      zoom,
    })
    place.current.dataset['ready'] = 'true'
  }, [flow, store, laidOut])
  // At first React Flow is not ready yet, and calls `lookAt` when it is.
  useLayoutEffect(lookAt, [lookAt, isFull])

  /** Brings a node into view, if it is not. */
  const show = useCallback(
    (id: string) => {
      const box = place.current?.getBoundingClientRect()
      const node = laidOut.drawing.nodes.find((one) => one.id === id)
      if (box === undefined || node === undefined) return
      const { x, y, width, height } = boxOf(laidOut.layout, id, node)
      const view = flow.getViewport()
      const [left, top] = [x * view.zoom + view.x, y * view.zoom + view.y]
      const isSeen =
        left >= 0 && top >= 0 && left + width * view.zoom <= box.width && top + height * view.zoom <= box.height
      const duration = matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : MOVE_MS
      if (!isSeen) void flow.setCenter(x + width / 2, y + height / 2, { zoom: view.zoom, duration })
    },
    [flow, laidOut],
  )
  useEffect(() => {
    if (selected !== undefined) show(laidOut.drawing.nodeOf(selected))
  }, [selected, show, laidOut])
  return { place, lookAt, show }
}
