import { IconChevronDown, IconChevronRight } from '@tabler/icons-react'
import { memo } from 'react'
import type { Attempt } from '../api/shapes.ts'
import { StepDuration } from '../parts/step-duration.tsx'
import { STATUS_LOOKS } from '../parts/status.ts'
import { segmentText, segmentTone } from './segment-words.ts'
import { type Segment, segmentsOf } from './segments.ts'
import type { TimeScale } from './time-scale.ts'
import type { TimelineRow as Row } from './timeline-rows.ts'
import type { Viewport } from './viewport.ts'

/** A piece under the pointer. */
export interface Pointed {
  stepId: string
  segment: Segment
  x: number
  y: number
}

/** What a line draws. */
export interface RowProps {
  row: Row
  index: number
  scale: TimeScale
  view: Viewport
  readyAt: number | null
  attempts: readonly Attempt[] | undefined
  /** 0 for a step that has settled: it needs no clock. */
  now: number
  isOver: boolean
  withQueue: boolean
  isCritical: boolean
  isSelected: boolean
  isActive: boolean
  onToggle: (stepId: string) => void
  onPoint: (pointed: Pointed | undefined) => void
}

/** A line of the timeline: the step's name, and the pieces of its bar. */
export const TimelineRow = memo(function TimelineRow(props: RowProps) {
  const { row, index, scale, view, withQueue, isSelected, isActive, isCritical, onToggle, onPoint } = props
  const { step, depth, children, isOpen } = row
  const { step_id: id } = step
  const look = STATUS_LOOKS[step.status]
  const segments = segmentsOf(step, props).filter(({ kind }) => withQueue || kind !== 'queued')
  const Chevron = isOpen ? IconChevronDown : IconChevronRight
  return (
    <div
      role="row"
      className="timeline-row"
      data-row={id}
      data-critical={isCritical}
      aria-rowindex={index + 1}
      aria-level={depth + 1}
      aria-selected={isSelected}
      {...(children > 0 ? { 'aria-expanded': isOpen } : {})}
      tabIndex={isActive ? 0 : -1}
    >
      <span role="rowheader" className={`timeline-name tone-${look.tone}`} style={{ paddingLeft: 6 + depth * 16 }}>
        {children > 0 ? (
          <button
            type="button"
            tabIndex={-1}
            className="timeline-toggle"
            aria-label={`${isOpen ? 'Fold' : 'Unfold'} ${id}`}
            onClick={(event) => {
              event.stopPropagation()
              onToggle(id)
            }}
          >
            <Chevron size={14} aria-hidden />
          </button>
        ) : (
          <span className="timeline-toggle" />
        )}
        <look.icon size={14} stroke={2} aria-label={look.word} className="timeline-icon" />
        <span className="timeline-id" title={`${id}: ${look.word}`}>
          {id}
        </span>
        {children > 0 && <span className="quiet timeline-count">{children.toLocaleString('en')}</span>}
      </span>
      <span role="gridcell" className="timeline-track" aria-label={segments.map(segmentText).join(', ') || 'not begun'}>
        {segments.map((segment) => {
          const place = placeOf(segment, scale, view)
          return place === null ? null : (
            <span
              key={`${segment.kind} ${segment.from}`}
              className={`segment segment-${segment.kind} tone-${segmentTone(segment, step)}`}
              data-open={segment.isOpen}
              data-attempt={segment.attempt?.attempt}
              data-failed={
                segment.attempt?.status === 'failed' || (segment.kind === 'running' && step.status === 'failed')
              }
              style={place}
              onPointerMove={({ clientX, clientY }) => onPoint({ stepId: id, segment, x: clientX, y: clientY })}
              onPointerLeave={() => onPoint(undefined)}
            />
          )
        })}
        <EndLabel row={row} segments={segments} scale={scale} view={view} />
      </span>
    </div>
  )
})

/** How long it took, behind the bar where there is room for it. */
function EndLabel({ row, segments, scale, view }: Pick<RowProps, 'row' | 'scale' | 'view'> & { segments: Segment[] }) {
  const last = segments.at(-1)
  if (last === undefined || row.step.started_at === null || row.step.status === 'retrying') return null
  const end = (scale.toPlace(last.to) - view.from) / (view.to - view.from)
  if (end < 0 || end > 1) return null
  return (
    <span className="timeline-length" data-inside={end > 0.86} style={{ left: `${end * 100}%` }} aria-hidden>
      <StepDuration step={row.step} />
    </span>
  )
}

/** Where a piece stands in the track; null where it is out of sight. */
function placeOf(segment: Segment, scale: TimeScale, view: Viewport): { left: string; width: string } | null {
  const seen = view.to - view.from
  const from = (scale.toPlace(segment.from) - view.from) / seen
  const to = (scale.toPlace(segment.to) - view.from) / seen
  if (to < 0 || from > 1) return null
  const left = Math.max(from, -0.01)
  return { left: `${left * 100}%`, width: `${(Math.min(to, 1.01) - left) * 100}%` }
}
