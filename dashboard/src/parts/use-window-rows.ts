import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { useLayoutEffect, useRef, useState } from 'react'

/**
 * Draws of many rows only those near the screen, as the page scrolls. `place` goes on the element that is as high as all
 * rows, `topOf` says where in it a row stands,
 * `show` scrolls to one.
 */
export function useWindowRows(options: {
  count: number
  height: number
  keyOf: (index: number) => string | undefined
}) {
  const { count, height, keyOf } = options
  const place = useRef<HTMLDivElement>(null)
  const [offset, setOffset] = useState(0)
  // What stands above may grow and shrink (banners, filters), so this looks each time; it settles at once.
  // oxlint-disable-next-line react-hooks/exhaustive-deps
  useLayoutEffect(() => {
    const now = place.current === null ? 0 : place.current.getBoundingClientRect().top + window.scrollY
    setOffset((before) => (Math.abs(before - now) < 1 ? before : now))
  })
  // oxlint-disable-next-line react/incompatible-library -- no compiler memoises what it returns
  const rows = useWindowVirtualizer({
    count,
    estimateSize: () => height,
    overscan: 12,
    scrollMargin: offset,
    getItemKey: (index) => keyOf(index) ?? index,
  })
  return {
    place,
    drawn: rows.getVirtualItems(),
    totalHeight: rows.getTotalSize(),
    measure: rows.measureElement,
    show: (index: number) => rows.scrollToIndex(index),
    topOf: ({ start }: { start: number }) => start - offset,
  }
}
