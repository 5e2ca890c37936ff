import { type PointerEvent as ReactPointerEvent, type RefObject, useEffect, useRef } from 'react'
import { panned, type Viewport, zoomed } from './viewport.ts'

/** How much one notch of a wheel, or a pinch of a touchpad, zooms. */
const PER_PIXEL = 0.0016
/** A press that moves less is a click, pixels. */
const CLICK_PX = 4

type Change = (next: (view: Viewport) => Viewport) => void

/**
 * Zooms by wheel with Ctrl (which is what touchpads send for a pinch) and by two fingers, moves by wheel sideways and by
 * dragging. `track`: the element, of which `inset` pixels at the left are no track. Without Ctrl the wheel scrolls.
 */
export function useZoomPan(track: RefObject<HTMLElement | null>, inset: number, change: Change) {
  const pointers = useRef(new Map<number, number>())
  const hasMoved = useRef(false)
  useEffect(() => {
    const element = track.current
    if (element === null) return
    const onWheel = (event: WheelEvent) => {
      const { left, width } = areaOf(element, inset)
      const sideways = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX
      if (event.ctrlKey || event.metaKey) {
        const share = (event.clientX - left) / width
        change((view) =>
          zoomed(view, Math.exp(event.deltaY * PER_PIXEL * 4), view.from + share * (view.to - view.from)),
        )
      } else if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
        change((view) => panned(view, sideways / width))
      } else return
      event.preventDefault()
    }
    // React listens passively, and could not keep the page from zooming.
    element.addEventListener('wheel', onWheel, { passive: false })
    return () => element.removeEventListener('wheel', onWheel)
  }, [track, inset, change])

  const onPointerDown = (event: ReactPointerEvent<HTMLElement>) => {
    if (event.button !== 0) return
    pointers.current.set(event.pointerId, event.clientX)
    hasMoved.current = false
  }
  const onPointerMove = (event: ReactPointerEvent<HTMLElement>) => {
    const element = track.current
    const before = pointers.current.get(event.pointerId)
    if (element === null || before === undefined) return
    const { left, width } = areaOf(element, inset)
    const others = [...pointers.current].filter(([id]) => id !== event.pointerId).map(([, x]) => x)
    const other = others[0]
    if (!hasMoved.current && Math.abs(event.clientX - before) < CLICK_PX) return
    if (!hasMoved.current) event.currentTarget.setPointerCapture(event.pointerId)
    hasMoved.current = true
    pointers.current.set(event.pointerId, event.clientX)
    if (other === undefined) change((view) => panned(view, (before - event.clientX) / width))
    else {
      const factor = Math.abs(before - other) / Math.max(Math.abs(event.clientX - other), 1)
      const share = ((event.clientX + other) / 2 - left) / width
      change((view) => zoomed(view, factor, view.from + share * (view.to - view.from)))
    }
  }
  const onPointerEnd = (event: ReactPointerEvent<HTMLElement>) => void pointers.current.delete(event.pointerId)
  return {
    handlers: { onPointerDown, onPointerMove, onPointerUp: onPointerEnd, onPointerCancel: onPointerEnd },
    /** Whether the press that just ended was a drag. */
    wasDrag: () => hasMoved.current,
  }
}

function areaOf(element: HTMLElement, inset: number): { left: number; width: number } {
  const { left, width } = element.getBoundingClientRect()
  return { left: left + inset, width: Math.max(width - inset, 1) }
}
