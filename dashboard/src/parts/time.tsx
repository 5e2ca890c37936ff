import { Tooltip } from '@mantine/core'
import { useNow } from './clock.ts'
import { absoluteText, relativeText } from './time-text.ts'
import { useZone } from './zone.ts'

/**
 * A moment of the API: how long ago (`relative`, the default), or when, zone named (`absolute`). The tooltip has the
 * other, and ISO 8601. Null: a dash.
 */
export function Time({ at, show = 'relative' }: { at: string | null; show?: 'relative' | 'absolute' }) {
  const now = useNow()
  const { zone } = useZone()
  if (at === null) return <span className="quiet">–</span>
  const ms = Date.parse(at)
  const absolute = absoluteText(ms, zone)
  const relative = relativeText(ms, now)
  return (
    <Tooltip
      multiline
      label={
        <>
          {show === 'relative' ? absolute : relative}
          <br />
          {at}
        </>
      }
    >
      <time dateTime={at} className="time">
        {show === 'relative' ? relative : absolute}
      </time>
    </Tooltip>
  )
}
