import { Stack, Table } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { runQuery } from '../../api/runs.ts'
import type { Run } from '../../api/shapes.ts'
import { useRunStream } from '../../live/run-stream.ts'
import { CopyId } from '../../parts/copy-id.tsx'
import { Duration } from '../../parts/duration.tsx'
import { ErrorState } from '../../parts/error-state.tsx'
import { JsonView } from '../../parts/json-view.tsx'
import { PageHeader } from '../../parts/page-header.tsx'
import { Panel } from '../../parts/panel.tsx'
import { PageSkeleton } from '../../parts/skeletons.tsx'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { useStatusIcon } from '../../parts/use-status-icon.ts'
import { useTitle } from '../../parts/use-title.ts'

const route = getRouteApi('/runs/$run')

/** One run, live: its steps, input and output. */
export function RunPage() {
  const { run: id } = route.useParams()
  const streamed = useRunStream(id)
  const { data: run, error, refetch } = useQuery(runQuery(id, { streamed }))
  useTitle(run === undefined ? 'Run' : run.workflow_name)
  useStatusIcon(run?.status)
  if (error !== null && run === undefined) return <ErrorState error={error} onRetry={() => void refetch()} />
  if (run === undefined) return <PageSkeleton />
  return (
    <>
      <PageHeader
        title={
          <Link to="/workflows/$workflow" params={{ workflow: run.workflow_name }}>
            {run.workflow_name}
          </Link>
        }
        text={<CopyId id={run.id} what="run id" whole />}
      >
        <StatusBadge status={run.status} />
        <Duration from={run.started_at} to={run.completed_at} />
      </PageHeader>
      <Stack gap="md">
        <Panel title="Steps">
          <Steps run={run} />
        </Panel>
        <Panel title="Input">
          <JsonView value={run.input} label="Input" />
        </Panel>
        <Panel title="Output">
          <JsonView value={run.output} label="Output" />
        </Panel>
      </Stack>
    </>
  )
}

function Steps({ run }: { run: Run }) {
  return (
    <Table.ScrollContainer minWidth={480}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Step</Table.Th>
            <Table.Th>Status</Table.Th>
            <Table.Th>Retries</Table.Th>
            <Table.Th>Duration</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {run.steps.map((step) => (
            <Table.Tr key={step.step_id}>
              <Table.Td>{step.step_id}</Table.Td>
              <Table.Td>
                <StatusBadge status={step.status} />
              </Table.Td>
              <Table.Td>{step.retry_count}</Table.Td>
              <Table.Td>
                <Duration from={step.started_at} to={step.completed_at} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
