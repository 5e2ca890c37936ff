import { Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { runEntryQuery } from '../../api/run-list.ts'
import type { Schedule } from '../../api/shapes.ts'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { Time } from '../../parts/time.tsx'
import { ScrollRegion } from '../../parts/scroll-region.tsx'
import { isFinished } from '../../../../src/workflow/states.ts'
import { cronText } from './cron-text.ts'
import { NextRuns } from './next-runs.tsx'
import { ScheduleActions } from './schedule-actions.tsx'

/** Schedules, one a row: when, of what, how the last run went. */
export function ScheduleTable(props: { schedules: readonly Schedule[]; onEdit: (id: string) => void }) {
  return (
    <ScrollRegion className="table-frame" label="Schedules">
      <Table verticalSpacing="sm" className="schedule-table stacks">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Workflow</Table.Th>
            <Table.Th>When</Table.Th>
            <Table.Th>Next runs</Table.Th>
            <Table.Th>Last run</Table.Th>
            <Table.Th>If still running</Table.Th>
            <Table.Th>
              <span className="unseen">Actions</span>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {props.schedules.map((schedule) => (
            <Row key={schedule.id} schedule={schedule} onEdit={() => props.onEdit(schedule.id)} />
          ))}
        </Table.Tbody>
      </Table>
    </ScrollRegion>
  )
}

function Row({ schedule, onEdit }: { schedule: Schedule; onEdit: () => void }) {
  const { workflow_name, cron, timezone, paused, overlap, trigger_index, next_runs } = schedule
  return (
    <Table.Tr data-paused={paused || undefined}>
      <Table.Td>
        <Link to="/workflows/$workflow" params={{ workflow: workflow_name }} className="row-link wrap-anywhere">
          {workflow_name}
        </Link>
        {trigger_index !== null && (
          <Text size="xs" className="quiet">
            from its definition
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        {cronText(cron)}
        <Text size="xs" className="quiet">
          <code>{cron}</code> · {timezone}
        </Text>
      </Table.Td>
      <Table.Td data-label="Next runs">
        {paused ? <StatusBadge status="paused" /> : <NextRuns times={next_runs} timezone={timezone} />}
      </Table.Td>
      <Table.Td data-label="Last run">
        <LastRun schedule={schedule} />
      </Table.Td>
      <Table.Td data-label="If still running">{overlap === 'skip' ? 'Skip' : 'Start another'}</Table.Td>
      <Table.Td>
        <ScheduleActions schedule={schedule} onEdit={onEdit} />
      </Table.Td>
    </Table.Tr>
  )
}

const EVERY_MS = 3_000

function LastRun({ schedule: { last_run_at, last_run_id } }: { schedule: Schedule }) {
  const { data: run } = useQuery({
    ...runEntryQuery(last_run_id ?? ''),
    enabled: last_run_id !== null,
    refetchInterval: ({ state }) => {
      const last = state.data?.items[0]
      return last === undefined || isFinished(last.status) ? false : EVERY_MS
    },
  })
  if (last_run_at === null || last_run_id === null) return <span className="quiet">Not yet</span>
  return (
    <span className="last-run">
      {run !== undefined && run !== null && <StatusBadge status={run.status} />}
      <Link to="/runs/$run" params={{ run: last_run_id }}>
        <Time at={last_run_at} />
      </Link>
    </span>
  )
}
