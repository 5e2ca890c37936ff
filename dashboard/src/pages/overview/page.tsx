import './overview.css'
import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useRef } from 'react'
import { keys } from '../../api/keys.ts'
import { useRunsStream } from '../../live/runs-stream.ts'
import { useTitle } from '../../parts/use-title.ts'
import { PageHeader } from '../../parts/page-header.tsx'
import { ApprovalsPanel } from './approvals-panel.tsx'
import { Figures } from './figures.tsx'
import { HistoryPanel } from './history-panel.tsx'
import { NeedsPanel } from './needs-panel.tsx'
import { QueuesPanel } from './queues-panel.tsx'
import { RankingPanel } from './ranking-panel.tsx'
import { SchedulesPanel } from './schedules-panel.tsx'
import { StatusPanel } from './status-panel.tsx'
import { WorkersPanel } from './workers-panel.tsx'

/** Numbers are read again at most so often, however much happens. */
const EVERY_MS = 1_000

/** What runs, what waits, what failed, at a glance. Each panel reads and fails by itself. */
export function OverviewPage() {
  useTitle('Overview')
  useFreshNumbers()
  return (
    <>
      <PageHeader title="Overview" text="What runs, what waits, what failed" />
      <div className="overview">
        <Figures />
        <StatusPanel />
        <HistoryPanel />
        <div className="overview-side">
          <NeedsPanel />
          <ApprovalsPanel />
        </div>
        <RankingPanel />
        <SchedulesPanel />
        <WorkersPanel />
        <QueuesPanel />
      </div>
    </>
  )
}

/** Reads the numbers anew as soon as a run changes; without a stream they are read again every few seconds anyway. */
function useFreshNumbers(): void {
  const cache = useQueryClient()
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const read = useCallback(() => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined
      for (const queryKey of [keys.stats(), keys.workers()]) void cache.invalidateQueries({ queryKey })
    }, EVERY_MS)
  }, [cache])
  useRunsStream(read)
}
