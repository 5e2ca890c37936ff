import { type InfiniteData, infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { RunStatus } from '../../../src/workflow/states.ts'
import { noteTold, withTold } from '../live/told-runs.ts'
import { serverNow } from './server-clock.ts'
import { sendJson } from './client.ts'
import { keys } from './keys.ts'
import { readRuns, type ReadPage } from './runs.ts'
import type { Page, Run, RunEntry } from './shapes.ts'

/** By what runs are chosen; `created_*` are ISO 8601, what is left out holds for every run. */
export interface RunFilter {
  status?: readonly RunStatus[] | undefined
  workflow?: string | undefined
  tag?: string | undefined
  /** The beginning of an id, a short id (`019aa5b4…7f3a11`), part of a workflow's name, or a tag. */
  search?: string | undefined
  created_after?: string | undefined
  created_before?: string | undefined
}

/** What can be done to all runs of a filter. */
export type BulkAction = 'cancel' | 'retry'

/** What can be done to some runs, one by one. */
export type RunAction = BulkAction | 'rerun'

/** Runs of one page: two screens of a large display. */
const PAGE = 100

/** How often the newest runs are asked for while no stream tells of them, ms. */
const EVERY_MS = 2_000

/**
 * Runs of a filter, newest first, page by page. Not read again by itself, so that no row jumps; streams and
 * {@link newestRunsOfAllQuery} bring its rows up to date. `filterAt` is asked at each reading, since "the last hour" moves.
 */
export function runListQuery(key: Readonly<Record<string, unknown>>, filterAt: (now: number) => RunFilter) {
  return infiniteQueryOptions({
    queryKey: keys.runs(key),
    queryFn: ({ pageParam, signal }) => readRuns({ ...filterAt(serverNow()), limit: PAGE, cursor: pageParam }, signal),
    // The pages before one that is under way are kept as they were when that was asked for.
    select: withAllTold,
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnMount: 'always',
    refetchOnReconnect: false,
  })
}

function withAllTold(list: InfiniteData<ReadPage, string | null>): InfiniteData<ReadPage, string | null> {
  return { ...list, pages: list.pages.map((page) => withTold(page, page.askedMs)) }
}

/** The newest runs whatever became of them: once when a stream opens, and again and again while there is none. */
export function newestRunsOfAllQuery(filter: RunFilter, { streamed }: { streamed: boolean }) {
  return queryOptions({
    queryKey: keys.newestRuns({ ...filter }, streamed),
    queryFn: ({ signal }) => readRunsAfresh({ ...filter, status: undefined }, signal),
    refetchInterval: streamed ? false : EVERY_MS,
    gcTime: 0,
  })
}

/** A page of runs, newest first, whose rows count as news for all lists that are on their way. */
export async function readRunsAfresh(
  query: RunFilter & { cursor?: string | null | undefined },
  signal: AbortSignal = new AbortController().signal,
): Promise<Page<RunEntry>> {
  const page = await readRuns({ ...query, limit: PAGE }, signal)
  noteTold(page.items, page.askedMs)
  return page
}

/** One run as in lists; null where there is none any more. */
export function runEntryQuery(id: string) {
  return queryOptions({
    queryKey: keys.runs({ id }),
    queryFn: ({ signal }) => readRuns({ search: id, limit: 1 }, signal),
    select: ({ items }: Page<RunEntry>) => items[0] ?? null,
  })
}

/** How many runs an action would be done to; those that it does not suit do not count. */
export async function countBulk(action: BulkAction, filter: RunFilter): Promise<number> {
  return (await sendBulk(action, filter, true)).matched
}

/** Does something to all runs of a filter, in the background; how many. */
export async function doBulk(action: BulkAction, filter: RunFilter): Promise<number> {
  return (await sendBulk(action, filter, false)).matched
}

function sendBulk(action: BulkAction, filter: RunFilter, dry_run: boolean): Promise<{ matched: number }> {
  return sendJson('POST', 'runs/bulk', { action, filter, dry_run })
}

/** Cancels or retries one run, or starts another of the same workflow, version and input. */
export function controlRun(id: string, action: RunAction): Promise<Run> {
  return sendJson('POST', `runs/${id}/${action}`)
}
