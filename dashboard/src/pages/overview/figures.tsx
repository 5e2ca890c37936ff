import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { historyQuery } from '../../api/overview.ts'
import type { History, Stats } from '../../api/shapes.ts'
import { statsQuery } from '../../api/stats.ts'
import { durationText } from '../../parts/time-text.ts'
import { allInLine } from './in-line.ts'
import { RANGE_WORDS } from './range-words.ts'
import { Sparkline, sharesOf } from './sparkline.tsx'

const route = getRouteApi('/')

/** The numbers to look at first: how much, how well, how fast, and what is still to be done. */
export function Figures() {
  const { range = '1h' } = route.useSearch()
  const { data: history } = useQuery(historyQuery(range))
  const { data: stats } = useQuery(statsQuery)
  const during = `in the last ${RANGE_WORDS[range]}`
  return (
    <ul className="figures overview-wide" aria-label="Figures">
      <Figure name="Runs started" note={during} value={history && started(history)}>
        {history && <Sparkline className="tone-blue" shares={sharesOf(history.buckets.map((one) => one.started))} />}
      </Figure>
      <Figure name="Succeeded" note={history && successNote(history)} value={history && successText(history)}>
        {history && <Sparkline className="tone-green" rest="tone-red" shares={history.buckets.map(successShare)} />}
      </Figure>
      <Figure
        name="Duration, p95"
        note="of runs that completed"
        value={history && (history.p95_ms === null ? '–' : durationText(history.p95_ms))}
      >
        {history && <Sparkline className="tone-violet" shares={sharesOf(history.buckets.map(magnitude))} />}
      </Figure>
      <Figure name="Jobs in line" note={stats && activityNote(stats)} value={stats && backlogText(stats)} />
    </ul>
  )
}

function Figure(props: { name: string; value: string | undefined; note: string | undefined; children?: ReactNode }) {
  const { name, value, note, children } = props
  return (
    <li className="card figure">
      <span className="figure-name">{name}</span>
      <span className="figure-line">
        {value === undefined ? (
          <Skeleton height={26} my={4} width={70} />
        ) : (
          <span className="figure-value">{value}</span>
        )}
        {children}
      </span>
      <span className="figure-note quiet">{note ?? '\u00a0'}</span>
    </li>
  )
}

/** Durations span orders of magnitude: one that is long does not make all others vanish. */
function magnitude({ p95_ms: ms }: History['buckets'][number]): number | null {
  return ms === null ? null : Math.log1p(ms)
}

type Counts = Pick<History['buckets'][number], 'completed' | 'failed'>

function started({ buckets }: History): string {
  return buckets.reduce((sum, bucket) => sum + bucket.started, 0).toLocaleString('en')
}

/** Of the runs that completed or failed; null where there are none. */
function successShare({ completed, failed }: Counts): number | null {
  return completed + failed === 0 ? null : completed / (completed + failed)
}

function counted({ buckets }: History): Counts {
  const sum = (count: (bucket: Counts) => number) => buckets.reduce((total, bucket) => total + count(bucket), 0)
  return { completed: sum(({ completed }) => completed), failed: sum(({ failed }) => failed) }
}

function successText(history: History): string {
  const share = successShare(counted(history))
  // Rounded down: what is not all is not told as all.
  return share === null ? '–' : `${(Math.floor(share * 1000) / 10).toLocaleString('en')} %`
}

function successNote(history: History): string {
  const { completed, failed } = counted(history)
  return `${completed.toLocaleString('en')} completed, ${failed.toLocaleString('en')} failed`
}

function backlogText({ queues }: Stats): string {
  return queues === null ? '–' : allInLine(queues).toLocaleString('en')
}

function activityNote({ queues, workers }: Stats): string {
  if (queues === null) return 'The queue does not answer right now'
  const active = Object.values(queues).reduce((sum, count) => sum + (count['active'] ?? 0), 0)
  return `${active.toLocaleString('en')} active on ${workers.length} ${workers.length === 1 ? 'worker' : 'workers'}`
}
