import type { RunEntry, RunFilter } from '../../db/run-queries.ts'
import { uuidRange } from '../../db/search.ts'
import { isFinished, type RunStatus } from '../../workflow/states.ts'

/** A filter of runs, told of one run: what `listRuns` does in Postgres. */

type Filter = Omit<RunFilter, 'before' | 'limit'>

/** Whether a status is among those of a filter. */
export function fitsStatus(status: RunStatus, { statuses }: Filter): boolean {
  return statuses === undefined || statuses.includes(status)
}

/** Whether a filter lets runs through that have not ended. */
export function fitsUnfinished({ statuses }: Filter): boolean {
  return statuses === undefined || statuses.some((status) => !isFinished(status))
}

/** Whether a run fits a filter in all but its status: in what never changes of it. */
export function fitsBeside(run: RunEntry, filter: Filter): boolean {
  const { workflowId, tag, search, createdAfter, createdBefore } = filter
  return (
    (workflowId === undefined || run.workflowId === workflowId) &&
    (tag === undefined || run.tags.includes(tag)) &&
    (createdAfter === undefined || run.createdAt >= createdAfter) &&
    (createdBefore === undefined || run.createdAt < createdBefore) &&
    (search === undefined || isFound(run, search))
  )
}

function isFound({ id, workflowName, tags }: RunEntry, search: string): boolean {
  const range = uuidRange(search)
  return (
    tags.includes(search) ||
    workflowName.toLowerCase().includes(search.toLowerCase()) ||
    (range !== null && range.first <= id && id <= range.last)
  )
}
