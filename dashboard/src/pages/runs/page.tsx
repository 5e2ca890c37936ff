import { getRouteApi } from '@tanstack/react-router'
import { PageHeader } from '../../parts/page-header.tsx'
import { useTitle } from '../../parts/use-title.ts'
import { NewestRuns } from './newest-runs.tsx'

const route = getRouteApi('/runs')

/** The newest runs. */
export function RunsPage() {
  useTitle('Runs')
  return (
    <>
      <PageHeader title="Runs" text="Newest first" />
      <NewestRuns filter={route.useSearch()} />
    </>
  )
}
