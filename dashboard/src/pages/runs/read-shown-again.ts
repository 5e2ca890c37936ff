import type { InfiniteData, QueryClient } from '@tanstack/react-query'
import { isFinished } from '../../../../src/workflow/states.ts'
import { keys } from '../../api/keys.ts'
import { readRunsAfresh, type RunFilter } from '../../api/run-list.ts'
import type { Page, RunEntry } from '../../api/shapes.ts'
import { patchRuns } from '../../live/runs-stream.ts'

/** Runs that are asked for one by one; where more are missing, they are as they were until the list is read anew. */
const MOST_MISSING = 100

/**
 * Brings the rows of a list up to date that have not ended, `known` apart, and leaves them where they are: for a stream
 * that has just begun, since what became of them before was told by nobody. Costs a request for each page that is shown,
 * and one for each run that fits the filter no longer; nothing where there are no such rows.
 */
export async function readShownAgain(
  cache: QueryClient,
  list: { key: Readonly<Record<string, unknown>>; filter: RunFilter },
  known: ReadonlySet<string>,
): Promise<void> {
  const shown = cache.getQueryData<InfiniteData<Page<RunEntry>, string | null>>(keys.runs(list.key))
  const missing: string[] = []
  for (const [index, { items }] of shown?.pages.entries() ?? []) {
    const open = items.filter(({ id, status }) => !isFinished(status) && !known.has(id))
    if (open.length === 0) continue
    const cursor = shown?.pageParams[index]
    const page = await readRunsAfresh({ ...list.filter, cursor })
    patchRuns(cache, page.items)
    const found = new Set(page.items.map(({ id }) => id))
    missing.push(...open.flatMap(({ id }) => (found.has(id) ? [] : [id])))
  }
  for (const id of missing.slice(0, MOST_MISSING)) patchRuns(cache, (await readRunsAfresh({ search: id })).items)
}
