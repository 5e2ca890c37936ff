import { Anchor, Text } from '@mantine/core'
import { IconRouteOff } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { ApiError } from '../../api/problem-error.ts'
import { runQuery } from '../../api/runs.ts'
import { EmptyState } from '../../parts/empty-state.tsx'
import { ErrorState } from '../../parts/error-state.tsx'
import { PageHeader } from '../../parts/page-header.tsx'
import { PageSkeleton } from '../../parts/skeletons.tsx'
import { useTitle } from '../../parts/use-title.ts'
import { LiveRun } from './live-run.tsx'

const route = getRouteApi('/runs/$run')

/** One run: what it does, what it waits for, what failed; live. */
export function RunPage() {
  const { run: id } = route.useParams()
  // Once it is here, its stream keeps it up to date.
  const { data: run, error, refetch } = useQuery(runQuery(id, { streamed: true }))
  if (run !== undefined) return <LiveRun key={run.id} run={run} />
  if (error === null) return <PageSkeleton />
  if (error instanceof ApiError && error.status === 404) return <NoSuchRun id={id} />
  return (
    <>
      <PageHeader title="Run" text={<code className="id">{id}</code>} />
      <ErrorState error={error} onRetry={() => void refetch()} />
    </>
  )
}

function NoSuchRun({ id }: { id: string }) {
  useTitle('No such run')
  return (
    <EmptyState
      icon={IconRouteOff}
      title="There is no such run"
      wholePage
      text="Its id is mistyped, or it ended so long ago that it has been deleted."
    >
      <Text size="sm">
        <code className="id">{id}</code>
      </Text>
      <Anchor href={new URL('.', document.baseURI).pathname}>Go to the overview</Anchor>
    </EmptyState>
  )
}
