import { Table } from '@mantine/core'
import { IconPlayerPlay } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { newestRunsQuery } from '../../api/runs.ts'
import { CopyId } from '../../parts/copy-id.tsx'
import { Duration } from '../../parts/duration.tsx'
import { EmptyState } from '../../parts/empty-state.tsx'
import { LinkButton } from '../../parts/link-button.tsx'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { Time } from '../../parts/time.tsx'
import { Unread } from '../../parts/unread.tsx'

/** The newest runs that match. */
export function NewestRuns({ filter }: { filter: { workflow?: string | undefined; status?: string[] | undefined } }) {
  const { workflow } = filter
  const { data, error, refetch } = useQuery(newestRunsQuery(filter))
  if (data === undefined) return <Unread error={error} onRetry={() => void refetch()} />
  if (data.items.length === 0) {
    return (
      <EmptyState icon={IconPlayerPlay} title="No run">
        <LinkButton to="/start" search={{ workflow }}>
          Start one
        </LinkButton>
      </EmptyState>
    )
  }
  return (
    <Table.ScrollContainer minWidth={560} className="card">
      <Table verticalSpacing="xs" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Status</Table.Th>
            <Table.Th>Run</Table.Th>
            <Table.Th>Workflow</Table.Th>
            <Table.Th>Created</Table.Th>
            <Table.Th ta="right">Duration</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {data.items.map((run) => (
            <Table.Tr key={run.id}>
              <Table.Td>
                <StatusBadge status={run.status} />
              </Table.Td>
              <Table.Td>
                <Link to="/runs/$run" params={{ run: run.id }} className="row-link" aria-label={`Run ${run.id}`}>
                  Open
                </Link>{' '}
                <CopyId id={run.id} what="run id" />
              </Table.Td>
              <Table.Td>
                <Link to="/workflows/$workflow" params={{ workflow: run.workflow_name }}>
                  {run.workflow_name}
                </Link>{' '}
                <span className="quiet">v{run.workflow_version}</span>
              </Table.Td>
              <Table.Td>
                <Time at={run.created_at} />
              </Table.Td>
              <Table.Td ta="right">
                <Duration from={run.started_at} to={run.completed_at} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
