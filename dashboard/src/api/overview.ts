import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { getJson } from './client.ts'
import { keys } from './keys.ts'
import type { Approval, BusyWorker, History, Page, Schedule } from './shapes.ts'

/** What the overview shows beside the numbers of `api/stats.ts`; read again while anybody looks. */

const HISTORY_MS = 5_000
const WORKERS_MS = 2_000
const SLOWLY_MS = 10_000
/** Rows of the short lists. */
const SHORT = 5
/** Schedules that are looked at for the next times. */
const MOST_SCHEDULES = 200

/** The stretches of time that there are histories of. */
export const HISTORY_RANGES = ['1h', '6h', '24h', '7d'] as const
/** One of {@link HISTORY_RANGES}. */
export type HistoryRange = (typeof HISTORY_RANGES)[number]

/** How runs went over time; the last range stays on the screen while another is read. */
export function historyQuery(range: HistoryRange) {
  return queryOptions({
    queryKey: keys.history(range),
    queryFn: ({ signal }) => getJson<History>('stats/history', { range }, signal),
    refetchInterval: HISTORY_MS,
    placeholderData: keepPreviousData,
  })
}

/** Workers that are alive, with what they do. */
export const workersQuery = queryOptions({
  queryKey: keys.workers(),
  queryFn: async ({ signal }) => (await getJson<{ items: BusyWorker[] }>('workers', {}, signal)).items,
  refetchInterval: WORKERS_MS,
})

/** The newest open approvals. */
export const newestApprovalsQuery = queryOptions({
  queryKey: keys.newestApprovals(),
  queryFn: async ({ signal }) =>
    (await getJson<Page<Approval>>('approvals', { status: 'open', limit: SHORT }, signal)).items,
  refetchInterval: SLOWLY_MS,
})

/** The schedules that run next, soonest first. */
export const nextSchedulesQuery = queryOptions({
  queryKey: ['schedules', 'next'],
  queryFn: async ({ signal }) => (await getJson<Page<Schedule>>('schedules', { limit: MOST_SCHEDULES }, signal)).items,
  refetchInterval: SLOWLY_MS,
  select: (schedules) =>
    schedules
      .flatMap((schedule) => {
        const at = schedule.paused ? undefined : schedule.next_runs[0]
        return at === undefined ? [] : [{ schedule, at }]
      })
      .toSorted((a, b) => a.at.localeCompare(b.at))
      .slice(0, SHORT),
})
