import { Text } from '@mantine/core'
import { useLocalStorage, useMediaQuery } from '@mantine/hooks'
import { useVirtualizer } from '@tanstack/react-virtual'
import {
  type CSSProperties,
  type KeyboardEvent,
  type MouseEvent,
  type RefObject,
  useCallback,
  useLayoutEffect,
  useRef,
  useState,
} from 'react'
import { isSettled } from '../../../src/workflow/states.ts'
import type { Run } from '../api/shapes.ts'
import { SegmentTip } from './segment-tip.tsx'
import { TimelineAxis } from './timeline-axis.tsx'
import { TimelineBrush } from './timeline-brush.tsx'
import { TimelineLegend } from './timeline-legend.tsx'
import { type Pointed, TimelineRow } from './timeline-row.tsx'
import type { RowFilterName } from './timeline-rows.ts'
import { TimelineToolbar } from './timeline-toolbar.tsx'
import { useTimeline } from './use-timeline.ts'
import { useZoomPan } from './use-zoom-pan.ts'
import { panned, type Viewport, WHOLE, zoomed } from './viewport.ts'
import '../graph/graph.css'
import './timeline.css'

const ROW_HEIGHT = 30
/** Widths of the column of names, pixels. */
const NAMES = { wide: 220, narrow: 118 }
const NARROW = '(max-width: 47.99em)'

/**
 * When what of a run happened: a line for each step, items and compensations folded below theirs. Live. Ctrl and wheel or
 * a pinch zooms, dragging moves; arrow keys go through the lines, left and right fold, Enter selects, + and - zoom.
 */
export function Timeline(props: {
  run: Run
  selected: string | undefined
  onSelect: (stepId: string | undefined) => void
  /** An attempt was picked. */
  onAttempt: (stepId: string, attempt: number) => void
  filter: RowFilterName | undefined
  onFilter: (filter: RowFilterName | undefined) => void
}) {
  const { run, selected, onSelect, onAttempt, filter, onFilter } = props
  const isNarrow = useMediaQuery(NARROW, false, { getInitialValueInEffect: false })
  const names = isNarrow ? NAMES.narrow : NAMES.wide
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set())
  const [fold, setFold] = useStored('sluice-timeline-fold', true)
  const [withQueue, setWithQueue] = useStored('sluice-timeline-queue', true)
  const [view, setView] = useState<Viewport>(WHOLE)
  const [pointed, setPointed] = useState<Pointed>()
  const [active, setActive] = useState<string>()
  const body = useRef<HTMLDivElement>(null)
  const model = useTimeline(run, { open, filter, fold })
  const { rows, scale } = model
  useScrollbarWidth(body)
  const { handlers, wasDrag } = useZoomPan(body, names, setView)
  // oxlint-disable-next-line react/incompatible-library -- nothing of it is memoised
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => body.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 6,
    getItemKey: (index) => rows[index]?.step.step_id ?? index,
  })
  const toggle = useCallback((id: string) => setOpen((before) => toggled(before, id)), [])
  const activeId = active ?? selected ?? rows[0]?.step.step_id
  const select = (id: string) => onSelect(id === selected ? undefined : id)

  const moveTo = (index: number) => {
    const id = rows[index]?.step.step_id
    if (id === undefined) return
    setActive(id)
    virtual.scrollToIndex(index)
    requestAnimationFrame(() => rowElement(body.current, id)?.focus({ preventScroll: true }))
  }
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const index = rows.findIndex(({ step }) => step.step_id === activeId)
    const row = rows[index]
    const id = row?.step.step_id
    const { key } = event
    if (key === 'ArrowDown') moveTo(Math.min(index + 1, rows.length - 1))
    else if (key === 'ArrowUp') moveTo(Math.max(index - 1, 0))
    else if (key === 'Home') moveTo(0)
    else if (key === 'End') moveTo(rows.length - 1)
    else if (event.shiftKey && key === 'ArrowLeft') setView((now) => panned(now, -0.2))
    else if (event.shiftKey && key === 'ArrowRight') setView((now) => panned(now, 0.2))
    else if (key === 'ArrowRight' && row !== undefined && row.children > 0 && !row.isOpen) toggle(row.step.step_id)
    else if (key === 'ArrowLeft' && row?.isOpen === true) toggle(row.step.step_id)
    else if (key === 'ArrowLeft' && row !== undefined && row.depth > 0)
      moveTo(rows.findIndex(({ step }) => step.step_id === row.step.parent_step_id))
    else if (key === '+') zoom(0.5)
    else if (key === '-') zoom(2)
    else if (key === '0') zoom('whole')
    else if ((key === 'Enter' || key === ' ') && id !== undefined && event.target instanceof HTMLElement) {
      if (event.target.dataset['row'] === undefined) return
      select(id)
    } else return
    event.preventDefault()
  }
  const onClick = (event: MouseEvent<HTMLElement>) => {
    if (wasDrag() || !(event.target instanceof Element)) return
    const id = event.target.closest<HTMLElement>('[data-row]')?.dataset['row']
    if (id === undefined) return
    setActive(id)
    const attempt = event.target.closest<HTMLElement>('[data-attempt]')?.dataset['attempt']
    if (attempt === undefined) select(id)
    else onAttempt(id, Number(attempt))
  }
  const zoom = (factor: number | 'whole') =>
    setView((now) => (factor === 'whole' ? WHOLE : zoomed(now, factor, (now.from + now.to) / 2)))

  return (
    <section
      className="timeline card"
      aria-label="Timeline of the run"
      data-flat={rows.every(({ children }) => children === 0)}
      style={{ '--names': `${names}px` } as CSSProperties}
    >
      <TimelineToolbar
        filter={filter}
        onFilter={onFilter}
        failedCount={model.failedCount}
        fold={fold}
        onFold={setFold}
        withQueue={withQueue}
        onQueue={setWithQueue}
        onZoom={zoom}
      />
      <TimelineBrush scale={scale} busy={model.busy} view={view} onView={setView} />
      <div className="timeline-frame">
        <TimelineAxis scale={scale} view={view} now={model.isOver ? undefined : model.now} isNarrow={isNarrow} />
        <div
          ref={body}
          className="timeline-body"
          role="treegrid"
          aria-label="Steps over time"
          aria-rowcount={rows.length}
          tabIndex={-1}
          onKeyDown={onKeyDown}
          onClick={onClick}
          {...handlers}
        >
          <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
            {virtual.getVirtualItems().map(({ index, key, start }) => {
              const row = rows[index]
              const id = row?.step.step_id
              return row === undefined || id === undefined ? null : (
                <div
                  key={key}
                  role="presentation"
                  className="timeline-place"
                  style={{ transform: `translateY(${start}px)`, height: ROW_HEIGHT }}
                >
                  <TimelineRow
                    row={row}
                    index={index}
                    scale={scale}
                    view={view}
                    readyAt={model.readyAt.get(id) ?? null}
                    attempts={model.attempts.get(id)}
                    now={isSettled(row.step.status) ? 0 : model.now}
                    isOver={model.isOver}
                    withQueue={withQueue}
                    isCritical={model.critical.has(id)}
                    isSelected={id === selected}
                    isActive={id === activeId}
                    onToggle={toggle}
                    onPoint={setPointed}
                  />
                </div>
              )
            })}
          </div>
          {rows.length === 0 && <p className="timeline-empty quiet">No step is like that.</p>}
        </div>
      </div>
      <footer className="graph-foot">
        <TimelineLegend withTries={model.isPart} />
        <Text size="xs" className="quiet">
          {scale.folds.length > 0 ? 'Hatched: a long gap, drawn short. ' : ''}Ctrl and wheel, or a pinch, zooms.
        </Text>
      </footer>
      {pointed !== undefined && <SegmentTip pointed={pointed} />}
    </section>
  )
}

/** Says how wide the scrollbar is, in `--bar`: the axis and the overview end where the lines do. */
function useScrollbarWidth(body: RefObject<HTMLElement | null>) {
  useLayoutEffect(() => {
    const element = body.current
    if (element === null) return
    const measure = () => {
      const width = `${element.offsetWidth - element.clientWidth}px`
      element.closest<HTMLElement>('.timeline')?.style.setProperty('--bar', width)
    }
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    measure()
    return () => observer.disconnect()
  }, [body])
}

function toggled(ids: ReadonlySet<string>, id: string): Set<string> {
  const next = new Set(ids)
  if (!next.delete(id)) next.add(id)
  return next
}

function rowElement(body: HTMLElement | null, id: string): HTMLElement | null | undefined {
  return body?.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"]`)
}

function useStored(key: string, defaultValue: boolean) {
  return useLocalStorage({ key, defaultValue, getInitialValueInEffect: false })
}
