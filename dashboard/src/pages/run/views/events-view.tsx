import { ActionIcon, Anchor, Button, Chip, Group, Text, Tooltip } from '@mantine/core'
import { IconDownload, IconFilterOff } from '@tabler/icons-react'
import { useQueries, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import {
  approvalsOfRunQuery,
  controlsOfRunQuery,
  eventsOfRunQuery,
  orderQuery,
  stepQuery,
} from '../../../api/run-sides.ts'
import type { Run, StepDetail } from '../../../api/shapes.ts'
import { downloadText } from '../../../parts/download.ts'
import { EmptyState } from '../../../parts/empty-state.tsx'
import { ErrorState } from '../../../parts/error-state.tsx'
import { MisreadFilter } from '../../../parts/misread-filter.tsx'
import { STATUS_LOOKS } from '../../../parts/status.ts'
import { durationText } from '../../../parts/time-text.ts'
import { Time } from '../../../parts/time.tsx'
import { useWindowRows } from '../../../parts/use-window-rows.ts'
import { type HistoryEntry, historyOf } from '../history.ts'
import type { ViewProps } from '../view-props.ts'
import { HISTORY_KINDS, type HistoryKind } from '../search-words.ts'
import { useRunPlace } from '../use-run-place.ts'
import { isRepeated } from '../../../api/repeated.ts'

const NAMES: Record<HistoryKind, string> = {
  run: 'Run',
  control: 'Controls',
  step: 'Steps',
  attempt: 'Attempts',
  approval: 'Approvals',
  event: 'Events',
  order: 'Order',
}
/** Steps whose attempts are read one by one: those that were tried more than once, the first so many. */
const MOST_DETAILS = 40
const ROW_HEIGHT = 34

/** What happened in the run, oldest first: from its controls, steps, attempts, approvals, events and order. */
export function EventsView({ run, onSelect }: ViewProps) {
  const { search, go } = useRunPlace()
  const { entries, error, isPart } = useHistory(run)
  const kinds = search.kind ?? []
  const present = useMemo(() => new Set(entries.map(({ kind }) => kind)), [entries])
  const shown = useMemo(
    () =>
      entries.filter(
        ({ kind, isBad }) => (kinds.length === 0 || kinds.includes(kind)) && (search.only !== 'failed' || isBad),
      ),
    // oxlint-disable-next-line react-hooks/exhaustive-deps
    [entries, kinds.join(), search.only],
  )
  return (
    <>
      <Group gap="xs" mb="xs">
        <Chip.Group
          multiple
          value={kinds}
          onChange={(value) => go({ kind: value as HistoryKind[], misread: undefined }, { replace: true })}
        >
          <Group gap={4} role="group" aria-label="Kinds of events">
            {HISTORY_KINDS.filter((kind) => present.has(kind)).map((kind) => (
              <Chip key={kind} value={kind} size="xs" variant="outline">
                {NAMES[kind]}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
        <Chip
          size="xs"
          variant="outline"
          checked={search.only === 'failed'}
          onChange={(checked) => go({ only: checked ? 'failed' : undefined }, { replace: true })}
        >
          Failures only
        </Chip>
        <Tooltip label="Download as JSON">
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label="Download the events as JSON"
            onClick={() =>
              downloadText(`run-${run.id}-events.json`, JSON.stringify(shown, null, 2), 'application/json')
            }
          >
            <IconDownload size={15} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Group>
      {error !== null && <ErrorState error={error} />}
      {search.misread !== undefined ? (
        <MisreadFilter misread={search.misread} onDrop={() => go({ misread: undefined }, { replace: true })} />
      ) : shown.length === 0 ? (
        <EmptyState icon={IconFilterOff} title="Nothing of that kind has happened">
          <Button
            size="xs"
            variant="default"
            onClick={() => go({ kind: undefined, only: undefined }, { replace: true })}
          >
            Clear filters
          </Button>
        </EmptyState>
      ) : (
        <HistoryTable entries={shown} begin={run.created_at} onSelect={onSelect} />
      )}
      <Text size="xs" className="quiet" mt={6} role="status">
        {shown.length.toLocaleString('en')} {shown.length === 1 ? 'event' : 'events'}
        {isPart ? `; of ${MOST_DETAILS} steps all attempts are told, of the others the last one` : ''}
      </Text>
    </>
  )
}

function useHistory(run: Run) {
  const approvals = useQuery(approvalsOfRunQuery(run.id))
  const controls = useQuery(controlsOfRunQuery(run.id))
  const events = useQuery(eventsOfRunQuery(run.id))
  const order = useQuery({ ...orderQuery(run.order_id ?? ''), enabled: run.order_id !== null })
  const repeated = run.steps.filter(isRepeated)
  const details = useQueries({
    queries: repeated.slice(0, MOST_DETAILS).map((step) => stepQuery(run.id, step.step_id)),
    combine: knownDetails,
  })
  const entries = useMemo(
    () =>
      historyOf({
        run,
        controls: controls.data ?? [],
        approvals: approvals.data ?? [],
        events: events.data ?? [],
        order: order.data,
        details,
      }),
    [run, controls.data, approvals.data, events.data, order.data, details],
  )
  return { entries, error: controls.error ?? approvals.error ?? events.error, isPart: repeated.length > MOST_DETAILS }
}

function knownDetails(results: readonly { data: StepDetail | undefined }[]): StepDetail[] {
  return results.flatMap(({ data }) => data ?? [])
}

function HistoryTable(props: { entries: readonly HistoryEntry[]; begin: string; onSelect: (stepId: string) => void }) {
  const { entries, begin, onSelect } = props
  const { place, drawn, totalHeight, measure, topOf } = useWindowRows({
    count: entries.length,
    height: ROW_HEIGHT,
    keyOf: (index) => entries[index]?.key,
  })
  return (
    <div className="card history" role="table" aria-label="Events" aria-rowcount={entries.length}>
      <div ref={place} role="rowgroup" style={{ height: totalHeight, position: 'relative' }}>
        {drawn.map((item) => {
          const entry = entries[item.index]
          return entry === undefined ? null : (
            <div
              key={item.key}
              ref={measure}
              data-index={item.index}
              role="row"
              aria-rowindex={item.index + 1}
              className="history-row"
              style={{ transform: `translateY(${topOf(item)}px)` }}
            >
              <HistoryCells entry={entry} begin={begin} onSelect={onSelect} />
            </div>
          )
        })}
      </div>
    </div>
  )
}

function HistoryCells(props: { entry: HistoryEntry; begin: string; onSelect: (stepId: string) => void }) {
  const { entry, begin, onSelect } = props
  const look = entry.status === undefined ? undefined : STATUS_LOOKS[entry.status]
  const Icon = look?.icon
  return (
    <>
      <span role="cell" className="history-at">
        <Time at={entry.at} show="absolute" />
      </span>
      <span role="cell" className="history-since quiet">
        +{durationText(Date.parse(entry.at) - Date.parse(begin))}
      </span>
      <span role="cell" className={`history-text tone-${look?.tone ?? 'gray'}`}>
        {Icon !== undefined && <Icon size={15} aria-hidden className="history-icon" />}
        <span>{entry.text}</span>
      </span>
      <span role="cell" className="history-step">
        {entry.stepId !== undefined && (
          <Anchor component="button" type="button" size="sm" onClick={() => onSelect(entry.stepId ?? '')}>
            {entry.stepId}
          </Anchor>
        )}
      </span>
    </>
  )
}
