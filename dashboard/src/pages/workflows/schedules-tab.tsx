import { Table, Text } from '@mantine/core'
import { IconCalendarClock } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { schedulesOfWorkflowQuery } from '../../api/workflows.ts'
import { EmptyState } from '../../parts/empty-state.tsx'
import { LinkButton } from '../../parts/link-button.tsx'
import { Time } from '../../parts/time.tsx'
import { cronText } from '../schedules/cron-text.ts'
import { Unread } from '../../parts/unread.tsx'

/** When a workflow runs by itself; schedules are changed on their own page. */
export function SchedulesTab({ workflow }: { workflow: string }) {
  const { data, error, refetch } = useQuery(schedulesOfWorkflowQuery(workflow))
  if (data === undefined) return <Unread error={error} onRetry={() => void refetch()} rows={3} />
  if (data.items.length === 0) {
    return (
      <EmptyState
        icon={IconCalendarClock}
        title="No schedule"
        text="Schedules stand under “triggers” of the definition, or are made beside it."
      >
        <LinkButton to="/schedules" search={{ workflow, edit: 'new' }} variant="default">
          New schedule
        </LinkButton>
      </EmptyState>
    )
  }
  return (
    <Table.ScrollContainer minWidth={560} className="card">
      <Table verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>When</Table.Th>
            <Table.Th>Zone</Table.Th>
            <Table.Th>Next</Table.Th>
            <Table.Th>Last</Table.Th>
            <Table.Th>Overlap</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {data.items.map((schedule) => (
            <Table.Tr key={schedule.id}>
              <Table.Td>
                {cronText(schedule.cron)}
                <Text size="xs" className="quiet" ff="monospace">
                  {schedule.cron}
                </Text>
              </Table.Td>
              <Table.Td>{schedule.timezone}</Table.Td>
              <Table.Td>{schedule.paused ? 'paused' : <Time at={schedule.next_runs[0] ?? null} />}</Table.Td>
              <Table.Td>
                <Time at={schedule.last_run_at} />
              </Table.Td>
              <Table.Td>{schedule.overlap}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
