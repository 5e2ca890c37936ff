import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { ErrorState } from './error-state.tsx'
import { RowsSkeleton } from './skeletons.tsx'

/** What a query found, by `children`; before that a skeleton of so many rows, or what went wrong with a retry. */
export function Loaded<Data>(props: {
  query: UseQueryResult<Data>
  rows?: number
  children: (data: Data) => ReactNode
}) {
  const { query, rows = 3, children } = props
  if (query.data !== undefined) return children(query.data)
  if (query.error !== null) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />
  return <RowsSkeleton rows={rows} />
}
