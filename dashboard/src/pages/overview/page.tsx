import { SimpleGrid, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { statsQuery } from '../../api/stats.ts'
import { ErrorState } from '../../parts/error-state.tsx'
import { PageHeader } from '../../parts/page-header.tsx'
import { RowsSkeleton } from '../../parts/skeletons.tsx'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { useTitle } from '../../parts/use-title.ts'
import { RUN_STATUSES } from '../../../../src/workflow/states.ts'

/** What runs, what waits, what failed, at a glance. */
export function OverviewPage() {
  useTitle('Overview')
  const { data, error, refetch } = useQuery(statsQuery)
  return (
    <>
      <PageHeader title="Overview" text="What runs, what waits, what failed" />
      {error !== null && <ErrorState error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <RowsSkeleton />}
      {data !== undefined && (
        <section className="card" style={{ padding: 16 }} aria-labelledby="by-status">
          <Title order={2} id="by-status" mb="sm">
            Runs by status
          </Title>
          <SimpleGrid cols={{ base: 2, sm: 4 }}>
            {RUN_STATUSES.map((status) => (
              <div key={status}>
                <StatusBadge status={status} />
                <Text size="xl" fw={600}>
                  {data.runs[status].toLocaleString('en')}
                </Text>
              </div>
            ))}
          </SimpleGrid>
        </section>
      )}
    </>
  )
}
