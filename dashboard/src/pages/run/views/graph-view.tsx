import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useCallback } from 'react'
import { workflowQuery } from '../../../api/workflows.ts'
import type { GraphFilter } from '../../../graph/graph-filter.ts'
import { RunGraph } from '../../../graph/run-graph.tsx'
import { ErrorState } from '../../../parts/error-state.tsx'
import { useRunPlace } from '../use-run-place.ts'
import type { ViewProps } from '../view-props.ts'

/** The graph of the version that the run is of, with how far the run has come in it. */
export function GraphView({ run, selected, onSelect }: ViewProps) {
  const { search, go } = useRunPlace()
  const { data, error, refetch } = useQuery({
    ...workflowQuery(run.workflow_name, run.workflow_version),
    staleTime: Number.POSITIVE_INFINITY,
  })
  const setFilter = useCallback((graph: GraphFilter | undefined) => go({ graph }, { replace: true }), [go])
  if (error !== null) return <ErrorState error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <Skeleton height={480} />
  return (
    <RunGraph
      key={run.id}
      definition={data.definition}
      plan={data.plan}
      steps={run.steps}
      status={run.status}
      selected={selected}
      onSelect={onSelect}
      filter={search.graph}
      onFilter={setFilter}
    />
  )
}
