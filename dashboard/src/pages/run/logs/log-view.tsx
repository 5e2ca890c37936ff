import { ActionIcon, Button, Group, SegmentedControl, Skeleton, Text, TextInput, Tooltip } from '@mantine/core'
import { IconArrowBarToDown, IconDownload, IconNotesOff, IconPlayerPause, IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { type Logs, logsQuery, readLogText } from '../../../api/logs.ts'
import type { LogLine, Run } from '../../../api/shapes.ts'
import { downloadText } from '../../../parts/download.ts'
import { EmptyState } from '../../../parts/empty-state.tsx'
import { ErrorState } from '../../../parts/error-state.tsx'
import { toastError } from '../../../parts/toasts.tsx'
import { isFinished } from '../../../../../src/workflow/states.ts'
import { LOG_LEVELS, type LogLevel } from '../search-words.ts'
import { useRunPlace } from '../use-run-place.ts'
import { LogLines } from './log-lines.tsx'
import './logs.css'

/**
 * What the actions of a run, or of one step, logged: tailing live, by level, searchable, with a link to each line, and to
 * download. `attempt`: only of that one.
 */
export function LogView(props: {
  run: Run
  stepId?: string
  attempt?: number | undefined
  streamed: boolean
  height: string
}) {
  const { run, stepId, attempt, streamed, height } = props
  const { search, go } = useRunPlace()
  const unfinished = !isFinished(run.status)
  const { data: logs, error, refetch } = useQuery(logsQuery(run.id, stepId, { poll: unfinished && !streamed }))
  const [follow, setFollow] = useState(search.line === undefined)
  const level = search.level ?? 'debug'
  const shown = useShown(logs, { level, find: search.find, attempt })
  if (error !== null && logs === undefined) return <ErrorState error={error} onRetry={() => void refetch()} />
  if (logs === undefined) return <Skeleton height={height} />
  return (
    <div className="logs">
      <Group gap="xs" mb="xs">
        <SegmentedControl
          size="xs"
          aria-label="Least level"
          value={level}
          onChange={(value) => go({ level: value === 'debug' ? undefined : (value as LogLevel) }, { replace: true })}
          data={LOG_LEVELS.map((one) => ({ value: one, label: LEVEL_NAMES[one] }))}
        />
        <TextInput
          size="xs"
          aria-label="Find in the log"
          placeholder="Find in the log"
          leftSection={<IconSearch size={14} aria-hidden />}
          value={search.find ?? ''}
          onChange={(event) => go({ find: event.currentTarget.value }, { replace: true })}
          className="steps-search"
        />
        <Group gap={4} ml="auto">
          {unfinished && (
            <Button
              size="compact-xs"
              variant={follow ? 'light' : 'default'}
              aria-pressed={follow}
              leftSection={
                follow ? <IconPlayerPause size={14} aria-hidden /> : <IconArrowBarToDown size={14} aria-hidden />
              }
              onClick={() => setFollow(!follow)}
            >
              {follow ? 'Pause' : 'Follow'}
            </Button>
          )}
          <DownloadLog runId={run.id} stepId={stepId} />
        </Group>
      </Group>
      {shown.length === 0 ? (
        <NoLines isFiltered={logs.lines.length > 0} unfinished={unfinished} />
      ) : (
        <LogLines
          lines={shown}
          height={height}
          follow={follow && unfinished}
          onFollow={setFollow}
          withSteps={stepId === undefined}
          find={search.find}
          marked={search.line}
          onMark={(line) => go({ line }, { replace: true })}
        />
      )}
      <Text size="xs" className="quiet" mt={4} role="status">
        {shown.length === logs.lines.length ? '' : `${shown.length.toLocaleString('en')} of `}
        {logs.lines.length.toLocaleString('en')} {logs.lines.length === 1 ? 'line' : 'lines'}
        {logs.hasMore ? ', reading more…' : ''}
        {logs.isCut ? ': the newest; a download has all' : ''}
      </Text>
    </div>
  )
}

const LEVEL_NAMES: Record<LogLevel, string> = { debug: 'All', info: 'Info', warn: 'Warnings', error: 'Errors' }

function useShown(
  logs: Logs | undefined,
  { level, find = '', attempt }: { level: LogLevel; find: string | undefined; attempt: number | undefined },
): readonly LogLine[] {
  return useMemo(() => {
    if (logs === undefined) return []
    const least = LOG_LEVELS.indexOf(level)
    const wanted = find.toLowerCase()
    if (least === 0 && wanted === '' && attempt === undefined) return logs.lines
    return logs.lines.filter(
      (line) =>
        LOG_LEVELS.indexOf(line.level) >= least &&
        (attempt === undefined || line.attempt === attempt) &&
        (wanted === '' || `${line.message} ${line.step_id} ${textOfData(line)}`.toLowerCase().includes(wanted)),
    )
  }, [logs, level, find, attempt])
}

function textOfData({ data }: LogLine): string {
  return data === null ? '' : JSON.stringify(data)
}

function NoLines({ isFiltered, unfinished }: { isFiltered: boolean; unfinished: boolean }) {
  const { go } = useRunPlace()
  if (!isFiltered) {
    return (
      <EmptyState
        icon={IconNotesOff}
        title={unfinished ? 'Nothing has been logged yet' : 'Nothing was logged'}
        text="Actions log with context.log; what they say shows here."
      />
    )
  }
  return (
    <EmptyState icon={IconNotesOff} title="No line is like that">
      <Button
        size="xs"
        variant="default"
        onClick={() => go({ level: undefined, find: undefined, attempt: undefined }, { replace: true })}
      >
        Clear filters
      </Button>
    </EmptyState>
  )
}

function DownloadLog({ runId, stepId }: { runId: string; stepId: string | undefined }) {
  const [busy, setBusy] = useState(false)
  const download = async () => {
    setBusy(true)
    try {
      const name = `run-${runId}${stepId === undefined ? '' : `-${stepId}`}.log`
      downloadText(name, await readLogText(runId, stepId), 'text/plain')
    } catch (error) {
      toastError(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Tooltip label="Download the whole log">
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        loading={busy}
        aria-label="Download the whole log"
        onClick={() => void download()}
      >
        <IconDownload size={15} aria-hidden />
      </ActionIcon>
    </Tooltip>
  )
}
