import { Button, Table, Text, TextInput } from '@mantine/core'
import { IconPlus, IconRoute, IconSearch } from '@tabler/icons-react'
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { WorkflowEntry, WorkflowStats } from '../../api/shapes.ts'
import { workflowsQuery, workflowStatsQuery } from '../../api/workflows.ts'
import { durationText } from '../../parts/time-text.ts'
import { EmptyState } from '../../parts/empty-state.tsx'
import { ErrorState } from '../../parts/error-state.tsx'
import { LinkButton } from '../../parts/link-button.tsx'
import { PageHeader } from '../../parts/page-header.tsx'
import { ScrollRegion } from '../../parts/scroll-region.tsx'
import { RowsSkeleton } from '../../parts/skeletons.tsx'
import { Time } from '../../parts/time.tsx'
import { useTitle } from '../../parts/use-title.ts'
import { RunStrip } from './run-strip.tsx'
import './list.css'
import { Typed } from '../../parts/typed-field.tsx'

const route = getRouteApi('/workflows')

/** Every workflow, with how its newest runs went. */
export function WorkflowsPage() {
  useTitle('Workflows')
  const { search = '' } = route.useSearch()
  const navigate = route.useNavigate()
  const setSearch = (text: string | undefined) => void navigate({ search: { search: text }, replace: true })
  const list = useInfiniteQuery({ ...workflowsQuery(search), placeholderData: keepPreviousData })
  const items = list.data?.pages.flatMap((page) => page.items) ?? []
  const stats = useQuery({
    ...workflowStatsQuery(items.slice(-200).map((item) => item.id)),
    placeholderData: keepPreviousData,
  })
  return (
    <>
      <PageHeader title="Workflows" text="What can be run">
        <LinkButton to="/define" leftSection={<IconPlus size={16} aria-hidden />}>
          New workflow
        </LinkButton>
      </PageHeader>
      <Typed
        value={search}
        onChange={setSearch}
        render={(field) => (
          <TextInput
            {...field}
            aria-label="Search workflows"
            placeholder="Search by name or description"
            leftSection={<IconSearch size={16} aria-hidden />}
            maw={420}
            mb="md"
          />
        )}
      />
      {list.error !== null && <ErrorState error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <RowsSkeleton rows={8} height={44} />}
      {list.isSuccess && items.length === 0 && <Nothing search={search} onClear={() => setSearch(undefined)} />}
      {items.length > 0 && <Rows items={items} stats={stats.data} />}
      {list.hasNextPage && (
        <Button variant="default" mt="md" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          Show more
        </Button>
      )}
    </>
  )
}

function Nothing({ search, onClear }: { search: string; onClear: () => void }) {
  if (search !== '') {
    return (
      <EmptyState icon={IconSearch} title="No workflow matches" text={`Nothing is called or described by “${search}”.`}>
        <Button variant="default" onClick={onClear}>
          Clear the search
        </Button>
      </EmptyState>
    )
  }
  return (
    <EmptyState
      icon={IconRoute}
      title="No workflow yet"
      text="A workflow is JSON: steps, what they depend on, retries, approvals, timers. Begin with an example."
    >
      <LinkButton to="/define">Define the first one</LinkButton>
    </EmptyState>
  )
}

function Rows({ items, stats }: { items: WorkflowEntry[]; stats: Map<string, WorkflowStats> | undefined }) {
  return (
    <ScrollRegion className="table-frame" label="Workflows">
      <Table highlightOnHover verticalSpacing="xs" className="stacks">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Workflow</Table.Th>
            <Table.Th>Newest runs</Table.Th>
            <Table.Th ta="right">Succeeded</Table.Th>
            <Table.Th ta="right">p50</Table.Th>
            <Table.Th ta="right">p95</Table.Th>
            <Table.Th ta="right">Steps</Table.Th>
            <Table.Th>Last run</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {items.map((item) => (
            <Row key={item.id} item={item} stats={stats?.get(item.id)} />
          ))}
        </Table.Tbody>
      </Table>
    </ScrollRegion>
  )
}

function Row({ item, stats }: { item: WorkflowEntry; stats: WorkflowStats | undefined }) {
  const duration = (ms: number | null | undefined) => (ms === null || ms === undefined ? '–' : durationText(ms))
  const rate = stats?.success_rate
  return (
    <Table.Tr>
      <Table.Td className="workflow-name">
        <Link to="/workflows/$workflow" params={{ workflow: item.name }} className="row-link wrap-anywhere">
          {item.name}
        </Link>{' '}
        <Text span size="xs" className="quiet">
          v{item.version}
        </Text>
        <Text size="xs" className="quiet" truncate>
          {item.description ?? ''}
        </Text>
      </Table.Td>
      <Table.Td>
        <RunStrip recent={stats?.recent ?? []} />
      </Table.Td>
      <Table.Td ta="right" className="numbers" data-label="Succeeded">
        {rate === null || rate === undefined ? '–' : `${(rate * 100).toFixed(rate === 1 ? 0 : 1)} %`}
      </Table.Td>
      <Table.Td ta="right" className="numbers" data-label="p50">
        {duration(stats?.p50_ms)}
      </Table.Td>
      <Table.Td ta="right" className="numbers" data-label="p95">
        {duration(stats?.p95_ms)}
      </Table.Td>
      <Table.Td ta="right" className="numbers" data-label="Steps">
        {item.step_count}
      </Table.Td>
      <Table.Td data-label="Last run">
        {item.last_run === null ? (
          <Text span size="sm" className="quiet">
            never
          </Text>
        ) : (
          <Time at={item.last_run.created_at} />
        )}
      </Table.Td>
    </Table.Tr>
  )
}
