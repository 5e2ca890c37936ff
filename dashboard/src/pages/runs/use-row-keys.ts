import { useEffect, useRef } from 'react'
import { isTyping } from '../../parts/is-typing.ts'

/**
 * `j` and `k` go from row to row (and focus the row's link, so that Enter opens it), `x` selects, Space looks into it. A
 * row's link has its id as `data-run`. Silent while someone types.
 */
export function useRowKeys(list: {
  ids: readonly string[]
  /** Brings a row into view, so that it is drawn. */
  reveal: (index: number) => void
  onToggle: (id: string) => void
  /** Space on a row: looks into it, or stops doing so. */
  onPeek: (id: string) => void
  /** The focus went to another row. */
  onMove: (id: string) => void
}): void {
  const current = useRef(list)
  useEffect(() => {
    current.current = list
  })
  useEffect(() => {
    const handle = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      const { ids, reveal, onToggle, onPeek, onMove } = current.current
      const focused = focusedRun()
      const index = focused === undefined ? -1 : ids.indexOf(focused)
      if (event.key === 'x' && focused !== undefined) onToggle(focused)
      else if (event.key === ' ' && focused !== undefined && isRowLink(event.target)) onPeek(focused)
      else if (event.key === 'j' || event.key === 'k') {
        const next = Math.min(Math.max(0, index + (event.key === 'j' ? 1 : -1)), ids.length - 1)
        const id = ids[next]
        if (id === undefined) return
        reveal(next)
        focusWhenDrawn(id)
        onMove(id)
      } else return
      event.preventDefault()
    }
    // Of the window, behind the shortcuts of the document: after a `g`, these letters name pages.
    window.addEventListener('keydown', handle)
    return () => window.removeEventListener('keydown', handle)
  }, [])
}

/** Where Space has nothing else to do: it ticks boxes, and presses buttons. */
function isRowLink(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.dataset['run'] !== undefined
}

/** The id of the run in whose row the focus is. */
function focusedRun(): string | undefined {
  return document.activeElement?.closest('[aria-rowindex], article')?.querySelector<HTMLElement>('[data-run]')?.dataset[
    'run'
  ]
}

function focusWhenDrawn(id: string, tries = 5): void {
  requestAnimationFrame(() => {
    const link = document.querySelector<HTMLElement>(`[data-run="${id}"]`)
    if (link !== null) link.focus({ preventScroll: true })
    else if (tries > 0) focusWhenDrawn(id, tries - 1)
  })
}
