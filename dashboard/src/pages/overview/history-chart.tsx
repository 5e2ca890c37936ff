import { Table } from '@mantine/core'
import { type PointerEvent, useState } from 'react'
import type { History } from '../../api/shapes.ts'
import { useZone } from '../../parts/zone.ts'

/** Inner height of the drawing, in its own units; its width is a unit a bucket. */
const HEIGHT = 100
const GAP = 0.18
/** Shares of the height that have a line and a number. */
const LINES = [0, 0.5, 1]

const SERIES = [
  { key: 'completed', word: 'Completed', className: 'tone-green' },
  { key: 'failed', word: 'Failed', className: 'tone-red' },
  { key: 'cancelled', word: 'Cancelled', className: 'tone-gray' },
] as const

type Bucket = History['buckets'][number]

/**
 * Ended runs as stacked bars, started ones as a line. Drawn as SVG by hand: at most 72 bars, in the colours of the theme,
 * sharp at any size, without a library to load. A table says the same.
 */
export function HistoryChart({ history }: { history: History }) {
  const { buckets } = history
  const [place, setPlace] = useState<number | null>(null)
  const clock = useClock(history.bucket_seconds)
  const top = niceTop(Math.max(...buckets.map((bucket) => Math.max(ended(bucket), bucket.started))))
  const y = (count: number) => HEIGHT - (count / top) * HEIGHT
  const follow = (event: PointerEvent<HTMLElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect()
    const found = Math.floor(((event.clientX - left) / width) * buckets.length)
    setPlace(found >= 0 && found < buckets.length ? found : null)
  }
  const shown = place === null ? undefined : buckets[place]
  const label = `Runs over time: ${buckets.reduce((sum, bucket) => sum + ended(bucket), 0)} ended, ${buckets.reduce((sum, bucket) => sum + bucket.failed, 0)} of them failed. A table below says the same.`
  return (
    <div className="chart">
      <div className="chart-body">
        <div className="chart-scale" aria-hidden>
          {LINES.map((share) => (
            <span key={share} style={{ bottom: `${share * 100}%` }}>
              {(top * share).toLocaleString('en')}
            </span>
          ))}
        </div>
        <div className="chart-plot" onPointerMove={follow} onPointerLeave={() => setPlace(null)}>
          <svg viewBox={`0 0 ${buckets.length} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
            {LINES.map((share) => (
              <line
                key={share}
                className="chart-line"
                x1={0}
                x2={buckets.length}
                y1={y(top * share)}
                y2={y(top * share)}
              />
            ))}
            {place !== null && <rect className="chart-hover" x={place} y={0} width={1} height={HEIGHT} />}
            {buckets.map((bucket, index) => (
              <Bar key={bucket.at} bucket={bucket} x={index} y={y} />
            ))}
            <path className="chart-started tone-blue" d={stairs(buckets, y)} />
          </svg>
          {shown !== undefined && place !== null && (
            <div className="chart-tip card" style={place < buckets.length / 2 ? { right: 0 } : { left: 0 }} aria-hidden>
              <strong>{clock(shown.at)}</strong>
              <span>Started {shown.started}</span>
              {SERIES.map(({ key, word }) => (
                <span key={key}>
                  {word} {shown[key]}
                </span>
              ))}
            </div>
          )}
        </div>
      </div>
      <div className="chart-times" aria-hidden>
        <span>{clock(history.from)}</span>
        <span>{clock(history.to)}</span>
      </div>
      <ul className="chart-legend">
        {SERIES.map(({ key, word, className }) => (
          <li key={key} className={className}>
            <span className="chart-mark" aria-hidden />
            {word}
          </li>
        ))}
        <li className="tone-blue">
          <span className="chart-mark chart-mark-line" aria-hidden />
          Started
        </li>
      </ul>
      <details className="chart-table">
        <summary>As a table</summary>
        <ChartTable buckets={buckets} clock={clock} />
      </details>
    </div>
  )
}

function Bar({ bucket, x, y }: { bucket: Bucket; x: number; y: (count: number) => number }) {
  let below = 0
  return SERIES.map(({ key, className }) => {
    const count = bucket[key]
    const bottom = below
    below += count
    return (
      count > 0 && (
        <rect
          key={key}
          className={`chart-bar ${className}`}
          x={x + GAP / 2}
          width={1 - GAP}
          y={y(bottom + count)}
          height={y(bottom) - y(bottom + count)}
        />
      )
    )
  })
}

function ChartTable({ buckets, clock }: { buckets: readonly Bucket[]; clock: (at: string) => string }) {
  const busy = buckets.filter((bucket) => bucket.started + ended(bucket) > 0).toReversed()
  if (busy.length === 0) return <p className="quiet">Nothing happened in this time.</p>
  return (
    <div className="chart-rows" tabIndex={0} role="region" aria-label="Runs over time, as a table">
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>From</Table.Th>
            <Table.Th ta="right">Started</Table.Th>
            {SERIES.map(({ key, word }) => (
              <Table.Th key={key} ta="right">
                {word}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {busy.map((bucket) => (
            <Table.Tr key={bucket.at}>
              <Table.Td>{clock(bucket.at)}</Table.Td>
              <Table.Td ta="right">{bucket.started}</Table.Td>
              {SERIES.map(({ key }) => (
                <Table.Td key={key} ta="right">
                  {bucket[key]}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  )
}

const ended = (bucket: Bucket) => bucket.completed + bucket.failed + bucket.cancelled

/** A line that is level through each bucket. */
function stairs(buckets: readonly Bucket[], y: (count: number) => number): string {
  return buckets.map(({ started }, x) => `${x === 0 ? 'M' : 'L'}${x} ${y(started)}H${x + 1}`).join('')
}

/** The top of the scale: even, so that its middle is a whole number, and round. */
function niceTop(most: number): number {
  if (most <= 10) return Math.max(2, most + (most % 2))
  const power = 10 ** Math.floor(Math.log10(most))
  return ([1, 2, 3, 4, 5, 6, 8, 10].find((step) => step * power >= most) ?? 10) * power
}

/** Says when a bucket begins, the zone named; the day where buckets are long. */
function useClock(bucketSeconds: number): (at: string) => string {
  const { zone } = useZone()
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
    ...(bucketSeconds >= 1800 ? { day: 'numeric', month: 'short' } : {}),
  })
  return (at) => format.format(Date.parse(at))
}
