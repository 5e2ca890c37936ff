import { STATUS_LOOKS, type Tone } from '../parts/status.ts'
import { durationText } from '../parts/time-text.ts'
import type { Step } from '../api/shapes.ts'
import type { Segment, SegmentKind } from './segments.ts'

/** What each kind of piece means, in words. */
export const SEGMENT_WORDS: Record<SegmentKind, string> = {
  queued: 'in the queue',
  running: 'running',
  backoff: 'until retried',
  waiting: 'waiting',
  tries: 'earlier tries',
}

/** The colour of a piece: that of how it ended, where a worker was busy with it. */
export function segmentTone(segment: Segment, step: Step): Tone {
  if (segment.kind === 'queued') return 'gray'
  if (segment.kind === 'backoff' || segment.kind === 'tries') return 'amber'
  if (segment.kind === 'waiting') return 'violet'
  return STATUS_LOOKS[segment.attempt?.status ?? step.status].tone
}

/** A piece in words: `attempt 2 failed after 3.2 s`. */
export function segmentText({ kind, attempt, from, to, isOpen }: Segment): string {
  const length = durationText(to - from)
  if (attempt === undefined) return `${SEGMENT_WORDS[kind]} ${isOpen ? 'for ' : ''}${length}`
  if (isOpen) return `attempt ${attempt.attempt} ${SEGMENT_WORDS[kind]} for ${length}`
  return `attempt ${attempt.attempt} ${STATUS_LOOKS[attempt.status].word.toLowerCase()} after ${length}`
}
