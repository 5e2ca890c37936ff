import { useQueries } from '@tanstack/react-query'
import { useMemo } from 'react'
import { isFinished } from '../../../src/workflow/states.ts'
import { isRepeated } from '../api/repeated.ts'
import { stepQuery } from '../api/run-sides.ts'
import type { Attempt, Run, StepDetail } from '../api/shapes.ts'
import { useTicking } from '../parts/clock.ts'
import { criticalPathOf } from '../graph/critical-path.ts'
import { readyTimes } from './ready-times.ts'
import { isParked, msOf } from './segments.ts'
import { type Span, type TimeScale, timeScale } from './time-scale.ts'
import { type RowFilterName, type TimelineRow, timelineRows } from './timeline-rows.ts'

/** Steps whose attempts are read one by one: those that were tried more than once, the first so many. */
const MOST_DETAILS = 40

/** All that the timeline draws. Times in ms. */
export interface TimelineModel {
  rows: TimelineRow[]
  scale: TimeScale
  /** When a worker was busy, for the overview: of each step that is no item, and of the attempts that were read. */
  busy: Span[]
  readyAt: ReadonlyMap<string, number>
  attempts: ReadonlyMap<string, readonly Attempt[]>
  critical: ReadonlySet<string>
  now: number
  isOver: boolean
  failedCount: number
  /** Whether more steps were tried again than attempts are read of. */
  isPart: boolean
}

/** What the reader has chosen. */
export interface TimelineChoice {
  open: ReadonlySet<string>
  filter: RowFilterName | undefined
  fold: boolean
}

/** Works the timeline of a run out, anew when the run has changed, and each second while it goes on. */
export function useTimeline(run: Run, { open, filter, fold }: TimelineChoice): TimelineModel {
  const isOver = isFinished(run.status)
  const tick = useTicking(!isOver)
  const { attempts, isPart } = useAttempts(run)
  const { readyAt, critical, failedCount, begin, lastEnd } = useMemo(() => factsOf(run), [run])
  const now = isOver ? Math.max(lastEnd, begin) : Math.max(tick, lastEnd)
  const busy = useMemo(() => busySpans(run, attempts, now), [run, attempts, now])
  const scale = useMemo(() => timeScale({ from: begin, to: now }, busy, { fold }), [begin, now, busy, fold])
  const rows = useMemo(
    () =>
      timelineRows(run.steps, {
        open,
        onlyFailed: filter === 'failed',
        only: filter === 'critical' && critical.size > 0 ? critical : undefined,
      }),
    [run.steps, open, filter, critical],
  )
  return { rows, scale, busy, readyAt, attempts, critical, now, isOver, failedCount, isPart }
}

function factsOf(run: Run) {
  const begin = msOf(run.started_at ?? run.created_at) ?? 0
  const ends = run.steps.flatMap((step) => msOf(step.completed_at ?? step.started_at) ?? [])
  return {
    readyAt: readyTimes(run),
    critical: new Set(criticalPathOf(run.steps)),
    failedCount: run.steps.filter(({ status }) => status === 'failed').length,
    begin,
    lastEnd: ends.reduce((last, end) => Math.max(last, end), msOf(run.completed_at) ?? begin),
  }
}

function busySpans(run: Run, attempts: TimelineModel['attempts'], now: number): Span[] {
  const spanOf = (part: { started_at: string | null; completed_at: string | null }): Span[] => {
    const from = msOf(part.started_at)
    return from === null ? [] : [{ from, to: Math.max(from, msOf(part.completed_at) ?? now) }]
  }
  return run.steps.flatMap((step) =>
    isParked(step) ? [] : (attempts.get(step.step_id) ?? [step]).flatMap((part) => spanOf(part)),
  )
}

function useAttempts(run: Run): Pick<TimelineModel, 'attempts' | 'isPart'> {
  const repeated = run.steps.filter(isRepeated)
  const attempts = useQueries({
    queries: repeated.slice(0, MOST_DETAILS).map((step) => stepQuery(run.id, step.step_id)),
    combine: attemptsOf,
  })
  return { attempts, isPart: repeated.length > MOST_DETAILS }
}

function attemptsOf(results: readonly { data: StepDetail | undefined }[]): Map<string, readonly Attempt[]> {
  return new Map(results.flatMap(({ data }) => (data === undefined ? [] : [[data.step_id, data.attempts] as const])))
}
