import type { Attempt, Step } from '../api/shapes.ts'
import { isSettled } from '../../../src/workflow/states.ts'

/**
 * What a step did for a while. `queued`: it could have begun. `running`. `backoff`: until it is tried again. `waiting`: it
 * is parked until somebody or something comes. `tries`: earlier attempts, whose times have not been read.
 */
export type SegmentKind = 'queued' | 'running' | 'backoff' | 'waiting' | 'tries'

/** A piece of a bar; times in ms. */
export interface Segment {
  kind: SegmentKind
  from: number
  to: number
  /** It still goes on: `to` is now. */
  isOpen: boolean
  /** Of `running`: which attempt, and how it ended. */
  attempt?: Attempt
}

/** Step types that begin by waiting; a worker is busy with them only for a moment. */
const PARKED_TYPES = new Set(['approval', 'human_gate', 'wait', 'wait_event', 'workflow', 'map'])

/** What the segments of a step hang on besides itself; times in ms. */
export interface StepTimes {
  /** When it could begin; null: not yet. */
  readyAt: number | null
  now: number
  /** Whether the run has ended: nothing is queued any more. */
  isOver: boolean
  /** Its attempts, where they have been read. */
  attempts?: readonly Attempt[] | undefined
}

/** The pieces of a step's bar, in order, without gaps and overlaps. */
export function segmentsOf(step: Step, times: StepTimes): Segment[] {
  const { readyAt, now, isOver, attempts } = times
  const begin = msOf(step.started_at)
  const end = msOf(step.completed_at) ?? (isSettled(step.status) ? begin : null)
  if (begin === null) {
    const isQueued = readyAt !== null && step.status === 'pending' && !isOver
    return isQueued ? [{ kind: 'queued', from: readyAt, to: Math.max(readyAt, now), isOpen: true }] : []
  }
  if (attempts !== undefined && attempts.length > 0) return ofAttempts(step, attempts, times)
  const segments: Segment[] = []
  const isRetrying = step.status === 'retrying'
  const from = Math.min(readyAt ?? begin, begin)
  if (isRetrying) return [{ kind: 'tries', from, to: now, isOpen: true }]
  if (from < begin) segments.push({ kind: step.retry_count > 0 ? 'tries' : 'queued', from, to: begin, isOpen: false })
  segments.push({ kind: workOf(step), from: begin, to: Math.max(begin, end ?? now), isOpen: end === null })
  return segments
}

function ofAttempts(step: Step, attempts: readonly Attempt[], { readyAt, now }: StepTimes): Segment[] {
  const segments: Segment[] = []
  let at = readyAt
  let dueAt: number | null = null
  const idle = (until: number, isOpen: boolean) => {
    if (at === null || until <= at) return
    const due = Math.min(dueAt ?? at, until)
    if (due > at) segments.push({ kind: 'backoff', from: at, to: due, isOpen: isOpen && due === until })
    if (until > due) segments.push({ kind: 'queued', from: due, to: until, isOpen })
  }
  for (const attempt of attempts) {
    const begin = msOf(attempt.started_at)
    if (begin === null) continue
    idle(begin, false)
    const end = msOf(attempt.completed_at)
    const isLast = attempt === attempts.at(-1)
    const isOpen = end === null && isLast && !isSettled(step.status)
    const to = end ?? (isOpen ? now : (msOf(step.completed_at) ?? begin))
    segments.push({ kind: workOf(step), from: begin, to: Math.max(begin, to), isOpen, attempt })
    at = Math.max(begin, to)
    dueAt = msOf(attempt.retry_at)
  }
  if (step.status === 'retrying') idle(now, true)
  // It was to be tried again when the run ended.
  else if (dueAt !== null) idle(msOf(step.completed_at) ?? now, false)
  return segments
}

/** Whether a step waits rather than works once it has begun. */
export function isParked({ type }: Pick<Step, 'type'>): boolean {
  return PARKED_TYPES.has(type)
}

function workOf(step: Step): 'running' | 'waiting' {
  return isParked(step) ? 'waiting' : 'running'
}

/** A time of the API, ms. */
export function msOf(time: string | null): number | null {
  return time === null ? null : Date.parse(time)
}
