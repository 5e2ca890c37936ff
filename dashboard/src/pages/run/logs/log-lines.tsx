import { Box } from '@mantine/core'
import { useVirtualizer } from '@tanstack/react-virtual'
import { memo, useEffect, useMemo, useRef } from 'react'
import type { LogLine } from '../../../api/shapes.ts'
import { absoluteText } from '../../../parts/time-text.ts'
import { useZone } from '../../../parts/zone.ts'
import { AnsiText } from './ansi-text.tsx'

const LINE_HEIGHT = 21
/** So near the end counts as at the end, px. */
const NEAR_END = 24

/** Lines in a box of their own that scrolls; drawn are those that show. While `follow`, it stays at the end. */
export function LogLines(props: {
  lines: readonly LogLine[]
  height: string
  follow: boolean
  onFollow: (follow: boolean) => void
  /** The lines are of several steps. */
  withSteps: boolean
  find: string | undefined
  marked: number | undefined
  onMark: (id: number | undefined) => void
}) {
  const { lines, height, follow, onFollow, withSteps, find, marked, onMark } = props
  const box = useRef<HTMLDivElement>(null)
  const { zone } = useZone()
  const stepsWidth = useStepsWidth(lines)
  // oxlint-disable-next-line react/incompatible-library -- no compiler memoises what it returns
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => LINE_HEIGHT,
    overscan: 20,
    getItemKey: (index) => lines[index]?.id ?? index,
  })
  useEffect(() => {
    if (follow && lines.length > 0) rows.scrollToIndex(lines.length - 1, { align: 'end' })
  }, [follow, lines.length, rows])
  useShowMarked(lines, marked, (index) => rows.scrollToIndex(index, { align: 'center' }))
  // Who scrolls up wants to read; who scrolls to the end wants to follow.
  const noteScroll = () => {
    const element = box.current
    if (element === null) return
    const isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END
    if (isAtEnd !== follow) onFollow(isAtEnd)
  }
  return (
    <Box
      ref={box}
      className="log-box"
      style={{ maxHeight: height, '--steps-width': `${stepsWidth}ch` }}
      tabIndex={0}
      role="log"
      aria-label="Log lines"
      aria-live="off"
      onWheel={noteScroll}
      onTouchMove={noteScroll}
      onKeyUp={noteScroll}
    >
      <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map((item) => {
          const line = lines[item.index]
          return line === undefined ? null : (
            <div
              key={item.key}
              ref={rows.measureElement}
              data-index={item.index}
              className="log-place"
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <Line
                line={line}
                zone={zone}
                withStep={withSteps}
                find={find}
                isMarked={line.id === marked}
                onMark={onMark}
              />
            </div>
          )
        })}
      </div>
    </Box>
  )
}

/** Letters of the longest step id: messages begin below each other. */
function useStepsWidth(lines: readonly LogLine[]): number {
  return useMemo(() => lines.reduce((most, { step_id: id }) => Math.max(most, id.length), 0), [lines])
}

/** Brings the line that a link points at into sight, once. */
function useShowMarked(lines: readonly LogLine[], marked: number | undefined, show: (index: number) => void): void {
  const shown = useRef<number>(undefined)
  useEffect(() => {
    if (marked === undefined || shown.current === marked) return
    const index = lines.findIndex(({ id }) => id === marked)
    if (index === -1) return
    shown.current = marked
    show(index)
  }, [lines, marked, show])
}

const TONES: Record<LogLine['level'], string> = { debug: 'gray', info: 'blue', warn: 'amber', error: 'red' }

const Line = memo(function Line(props: {
  line: LogLine
  zone: string
  withStep: boolean
  find: string | undefined
  isMarked: boolean
  onMark: (id: number | undefined) => void
}) {
  const { line, zone, withStep, find, isMarked, onMark } = props
  const at = absoluteText(Date.parse(line.at), zone, { ms: true })
  return (
    <div className={`log-line tone-${TONES[line.level]}`} data-marked={isMarked}>
      <button
        type="button"
        className="log-at"
        title={`${at}: link to this line`}
        aria-label={`Link to the line of ${at}`}
        aria-pressed={isMarked}
        onClick={() => onMark(isMarked ? undefined : line.id)}
      >
        {timeOfDay(at)}
      </button>
      <span className="log-level">{line.level}</span>
      {withStep && (
        <span className="log-step" title={line.step_id}>
          {line.step_id}
        </span>
      )}
      {line.attempt > 1 && <span className="log-attempt">#{line.attempt}</span>}
      <span className="log-message">
        <AnsiText text={line.message} find={find} />
        {line.data !== null && <span className="log-data"> {JSON.stringify(line.data)}</span>}
      </span>
    </div>
  )
})

/** `11:03:12.345` of `21 Nov 2026, 11:03:12.345 GMT+1`. */
function timeOfDay(at: string): string {
  return /\d\d:\d\d:\d\d\.\d+/.exec(at)?.[0] ?? at
}
