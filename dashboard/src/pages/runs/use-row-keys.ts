import { useLayoutEffect, useRef } from 'react'
import { isTyping } from '../../parts/is-typing.ts'

/** Frames that a row may take to be drawn: a second on an idle machine. */
const MOST_FRAMES = 60

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
  /** The run whose row the focus is on its way to: the next key may come before it is there. */
  const next = useRef<string>(undefined)
  useLayoutEffect(() => {
    current.current = list
  })
  // With the rows themselves, so that no key comes between.
  useLayoutEffect(() => {
    const go = (id: string, frames = MOST_FRAMES) => {
      const isWaited = !focusRow(id) && frames > 0
      next.current = isWaited ? id : undefined
      if (isWaited) requestAnimationFrame(() => void (next.current === id && go(id, frames - 1)))
    }
    const handle = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      const { ids, reveal, onToggle, onPeek, onMove } = current.current
      const focused = next.current ?? focusedRun()
      const index = focused === undefined ? -1 : ids.indexOf(focused)
      if (event.key === 'x' && focused !== undefined) onToggle(focused)
      else if (event.key === ' ' && focused !== undefined && (next.current !== undefined || isRowLink(event.target)))
        onPeek(focused)
      else if (event.key === 'j' || event.key === 'k') {
        const to = Math.min(Math.max(0, index + (event.key === 'j' ? 1 : -1)), ids.length - 1)
        const id = ids[to]
        if (id === undefined) return
        reveal(to)
        go(id)
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

/** Focuses the link of a row; whether it is drawn. */
function focusRow(id: string): boolean {
  const link = document.querySelector<HTMLElement>(`[data-run="${id}"]`)
  link?.focus({ preventScroll: true })
  return link !== null
}
