import { SegmentedControl, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { HISTORY_RANGES, historyQuery, type HistoryRange } from '../../api/overview.ts'
import type { History } from '../../api/shapes.ts'
import { Loaded } from '../../parts/loaded.tsx'
import { Panel } from '../../parts/panel.tsx'
import { HistoryChart } from './history-chart.tsx'

const route = getRouteApi('/')

const WORDS: Record<HistoryRange, string> = { '1h': '1 hour', '6h': '6 hours', '24h': '24 hours', '7d': '7 days' }

/** Runs over time: how many began, how they ended. The range stands in the URL. */
export function HistoryPanel() {
  const { range = '1h' } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery(historyQuery(range))
  const choose = (chosen: HistoryRange) => void navigate({ search: { range: chosen }, replace: true })
  return (
    <Panel
      title="Runs over time"
      className="overview-main overview-history"
      actions={
        <SegmentedControl
          size="xs"
          value={range}
          onChange={choose}
          data={HISTORY_RANGES.map((value) => ({ value, label: WORDS[value] }))}
          aria-label="How far back"
        />
      }
    >
      <Loaded query={query} rows={5}>
        {(history) => (
          <>
            <Note history={history} />
            <HistoryChart history={history} />
          </>
        )}
      </Loaded>
    </Panel>
  )
}

/** What the bars do not say by themselves. */
function Note({ history: { ended, buckets, is_complete: isComplete } }: { history: History }) {
  const isEmpty = ended === 0 && buckets.every(({ started }) => started === 0)
  if (!isEmpty && isComplete) return null
  return (
    <Text size="sm" className="quiet" mb="xs">
      {isEmpty ? 'No run began or ended in this time' : 'Only the newest runs are counted: there were more'}
    </Text>
  )
}
