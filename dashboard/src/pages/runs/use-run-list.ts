import { type InfiniteData, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo, useState } from 'react'
import { keys } from '../../api/keys.ts'
import { newestRunsOfAllQuery, runListQuery } from '../../api/run-list.ts'
import { serverNow } from '../../api/server-clock.ts'
import type { Page, RunEntry } from '../../api/shapes.ts'
import { patchRuns, useRunsStream } from '../../live/runs-stream.ts'
import { readShownAgain } from './read-shown-again.ts'
import { filterOf, matches, type RunSearch } from './run-search.ts'

/** The runs that the URL asks for, live: rows change in place, and new ones wait behind `showFresh`. */
export interface RunList {
  /** Undefined while the first page is on its way. */
  runs: readonly RunEntry[] | undefined
  error: Error | null
  /** Runs that belong into the list, and are not shown yet. */
  freshCount: number
  showFresh: () => void
  retry: () => void
  /** Reads the next page, unless it is on its way. */
  more: () => void
  hasMore: boolean
  loadingMore: boolean
}

/** Runs that are remembered while nobody asks for them. */
const MOST_TOLD = 2_000

const NOTHING: ReadonlyMap<string, RunEntry> = new Map()

/** Reads the list of a search, and listens to what becomes of its runs. */
export function useRunList(search: RunSearch): RunList {
  const cache = useQueryClient()
  const options = useMemo(() => runListQuery(search, (now) => filterOf(search, now)), [search])
  const list = useInfiniteQuery(options)
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = list
  const runs = useMemo(() => data?.pages.flatMap(({ items }) => items), [data])

  const [told, setTold] = useState(NOTHING)
  const note = useCallback((rows: readonly RunEntry[]) => {
    setTold((before) => new Map([...before, ...rows.map((row) => [row.id, row] as const)].slice(-MOST_TOLD)))
  }, [])
  const streamed = useRunsStream(note)
  const { workflow, tag, search: words, before } = search
  const { data: newest } = useQuery(
    newestRunsOfAllQuery({ workflow, tag, search: words, created_before: before }, { streamed }),
  )
  const isRead = data !== undefined
  useEffect(() => {
    if (newest === undefined) return
    patchRuns(cache, newest.items)
    if (!streamed || !isRead) return
    const list = { key: search, filter: filterOf(search, serverNow()) }
    // A list that cannot be read says so by itself.
    readShownAgain(cache, list, new Set(newest.items.map(({ id }) => id))).catch(() => undefined)
  }, [cache, isRead, newest, search, streamed])
  const freshCount = useMemo(() => {
    const rows = new Map([...(newest?.items ?? []).map((row) => [row.id, row] as const), ...told])
    return data === undefined ? 0 : newRows([...rows.values()], data.pages, search).length
  }, [data, newest, search, told])

  const readAnew = useCallback(() => {
    // The first page alone: of all pages, each would be read again.
    cache.setQueryData<InfiniteData<Page<RunEntry>>>(keys.runs(search), (shown) =>
      shown === undefined ? shown : { pages: shown.pages.slice(0, 1), pageParams: shown.pageParams.slice(0, 1) },
    )
    void refetch()
  }, [cache, refetch, search])
  // Nothing is shown that could jump.
  const isEmpty = runs !== undefined && runs.length === 0 && freshCount > 0
  useEffect(() => {
    if (isEmpty) readAnew()
  }, [isEmpty, readAnew])
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }, [hasNextPage, isFetchingNextPage, fetchNextPage])

  return {
    runs,
    error: runs === undefined ? list.error : null,
    freshCount,
    showFresh: () => {
      setTold(NOTHING)
      readAnew()
    },
    retry: () => void refetch(),
    more,
    hasMore: hasNextPage,
    loadingMore: isFetchingNextPage,
  }
}

/** Of some rows, those that belong into a list and are not in it; what comes below its last page is not missing yet. */
function newRows(rows: readonly RunEntry[], pages: readonly Page<RunEntry>[], search: RunSearch): RunEntry[] {
  const shown = new Set(pages.flatMap(({ items }) => items.map(({ id }) => id)))
  const last = pages.at(-1)
  const end = last?.next_cursor === null ? '' : (last?.items.at(-1)?.id ?? '')
  const filter = filterOf(search, serverNow())
  return rows.filter((run) => !shown.has(run.id) && run.id > end && matches(run, filter))
}
