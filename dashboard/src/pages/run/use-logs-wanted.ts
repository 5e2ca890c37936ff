import { useQuery } from '@tanstack/react-query'
import { type Logs, logsQuery } from '../../api/logs.ts'
import { useRunPlace } from './use-run-place.ts'

/** Whose logs the stream is to bring: of the logs that are shown, those that have been read to their end. */
export function useLogsWanted(runId: string): (string | null)[] {
  const { search } = useRunPlace()
  const showsAll = search.view === 'logs'
  const stepId = search.panel === 'logs' ? search.step : undefined
  const all = useQuery({ ...logsQuery(runId, undefined, { poll: false }), enabled: showsAll, select: isRead })
  const step = useQuery({
    ...logsQuery(runId, stepId, { poll: false }),
    enabled: stepId !== undefined,
    select: isRead,
  })
  return [
    ...(showsAll && all.data === true ? [null] : []),
    ...(stepId !== undefined && step.data === true ? [stepId] : []),
  ]
}

const isRead = (logs: Logs) => !logs.hasMore
