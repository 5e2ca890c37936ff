import { Group, Select, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import type { WorkflowDetail } from '../../api/shapes.ts'
import { versionsQuery, workflowQuery } from '../../api/workflows.ts'
import { CopyId } from '../../parts/copy-id.tsx'
import { ErrorState } from '../../parts/error-state.tsx'
import { RowsSkeleton } from '../../parts/skeletons.tsx'
import { Time } from '../../parts/time.tsx'
import { pretty } from './pretty.ts'
import { Unread } from '../../parts/unread.tsx'

const route = getRouteApi('/workflows/$workflow')

const DiffView = lazy(() => import('../../editor/diff-view.tsx').then((module) => ({ default: module.DiffView })))

/** All versions, and what differs between two of them. */
export function VersionsTab({ workflow }: { workflow: WorkflowDetail }) {
  const { version, against } = route.useSearch()
  const navigate = route.useNavigate()
  const { data, error, refetch } = useQuery(versionsQuery(workflow.name))
  if (data === undefined) return <Unread error={error} onRetry={() => void refetch()} />
  const numbers = data.items.map((item) => String(item.version))
  const newer = version ?? workflow.version
  const older = against ?? newer - 1
  const compare = (change: { version?: number; against?: number }) =>
    void navigate({ search: { tab: 'versions', version: newer, against: older, ...change }, replace: true })
  return (
    <>
      {data.items.length > 1 && (
        <>
          <Group mb="sm" align="flex-end">
            <Select
              label="Compare version"
              data={numbers}
              value={String(older)}
              onChange={(value) => value !== null && compare({ against: Number(value) })}
              w={140}
            />
            <Select
              label="with version"
              data={numbers}
              value={String(newer)}
              onChange={(value) => value !== null && compare({ version: Number(value) })}
              w={140}
            />
          </Group>
          <Comparison name={workflow.name} a={older} b={newer} />
        </>
      )}
      <Table.ScrollContainer minWidth={480} className="card" mt="md">
        <Table verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Version</Table.Th>
              <Table.Th>Saved</Table.Th>
              <Table.Th ta="right">Steps</Table.Th>
              <Table.Th>Hash</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data.items.map((item) => (
              <Table.Tr key={item.id}>
                <Table.Td>
                  <Link
                    to="/workflows/$workflow"
                    params={{ workflow: workflow.name }}
                    search={{ version: item.version }}
                    className="row-link"
                  >
                    Version {item.version}
                  </Link>
                  {item.version === workflow.version && (
                    <Text span size="xs" className="quiet">
                      {' '}
                      the latest
                    </Text>
                  )}
                </Table.Td>
                <Table.Td>
                  <Time at={item.created_at} show="absolute" />
                </Table.Td>
                <Table.Td ta="right" className="numbers">
                  {item.step_count}
                </Table.Td>
                <Table.Td>
                  <CopyId id={item.hash} what="hash" />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </>
  )
}

function Comparison({ name, a, b }: { name: string; a: number; b: number }) {
  const older = useQuery(workflowQuery(name, a))
  const newer = useQuery(workflowQuery(name, b))
  const error = older.error ?? newer.error
  if (error !== null) return <ErrorState error={error} />
  if (older.data === undefined || newer.data === undefined) return <RowsSkeleton rows={6} />
  return (
    <Suspense fallback={<RowsSkeleton rows={6} />}>
      <DiffView
        a={pretty(older.data.definition)}
        b={pretty(newer.data.definition)}
        labelA={`Version ${a}`}
        labelB={`Version ${b}`}
      />
    </Suspense>
  )
}
