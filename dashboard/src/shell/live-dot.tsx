import { Tooltip } from '@mantine/core'
import { type LiveState, useLiveState } from '../live/live-state.ts'
import './live-dot.css'

const SHOWN: Record<LiveState, { word: string; tone: string; text: string }> = {
  ended: { word: 'Up to date', tone: 'green', text: 'What you see has ended, and changes no more' },
  live: { word: 'Live', tone: 'green', text: 'Changes show as they happen' },
  polling: { word: 'Polling', tone: 'blue', text: 'Asking the server again and again' },
  retrying: { word: 'Retrying', tone: 'amber', text: 'The connection was lost; trying again' },
  stale: { word: 'Stale', tone: 'red', text: 'The server does not answer: what you see may be old' },
}

/** How fresh the page is, in a word and a colour. */
export function LiveDot() {
  const state = useLiveState()
  const { word, tone, text } = SHOWN[state]
  return (
    <Tooltip label={text}>
      <span className={`live-dot tone-${tone}`} data-state={state} role="status">
        <span className="live-dot-mark" aria-hidden />
        <span className="live-dot-word">{word}</span>
      </span>
    </Tooltip>
  )
}
