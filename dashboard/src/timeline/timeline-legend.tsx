import type { Tone } from '../parts/status.ts'
import { SEGMENT_WORDS } from './segment-words.ts'
import type { SegmentKind } from './segments.ts'

const SHOWN: readonly [SegmentKind, Tone, string?][] = [
  ['queued', 'gray'],
  ['running', 'blue'],
  ['running', 'green', 'completed'],
  ['running', 'red', 'failed'],
  ['waiting', 'violet'],
  ['backoff', 'amber'],
  ['tries', 'amber'],
]

/** What the pieces of the bars mean. */
export function TimelineLegend({ withTries }: { withTries: boolean }) {
  return (
    <ul className="graph-legend" aria-label="Pieces of the bars">
      {SHOWN.filter(([kind]) => withTries || kind !== 'tries').map(([kind, tone, word]) => (
        <li key={`${kind} ${tone}`}>
          <span className={`segment segment-${kind} tone-${tone}`} data-failed={tone === 'red'} aria-hidden />
          {word ?? SEGMENT_WORDS[kind]}
        </li>
      ))}
      <li className="timeline-critical">critical path</li>
    </ul>
  )
}
