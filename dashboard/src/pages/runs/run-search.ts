import { z } from 'zod'
import { RUN_STATUSES } from '../../../../src/workflow/states.ts'
import type { RunFilter } from '../../api/run-list.ts'
import type { RunEntry } from '../../api/shapes.ts'
import { isIdFound } from '../../parts/short-id.ts'
import { type Misread, oneOf, someOf, text } from '../../shell/search-fields.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Times before now that runs can be asked of, ms. */
const SPANS = { '15m': 15 * MINUTE, '1h': HOUR, '6h': 6 * HOUR, '24h': DAY, '7d': 7 * DAY, '30d': 30 * DAY }

/** The name of a span in the URL. */
export type Span = keyof typeof SPANS

/** The spans with their words, from the shortest to the longest. */
export const SPAN_WORDS: Readonly<Record<Span, string>> = {
  '15m': 'Last 15 min',
  '1h': 'Last hour',
  '6h': 'Last 6 h',
  '24h': 'Last 24 h',
  '7d': 'Last 7 days',
  '30d': 'Last 30 days',
}

const moment = () => z.iso.datetime({ offset: true }).optional().catch(undefined)

/** What the URL says of the list: `since` (a span before now), or `after` and `before` (ISO 8601). */
export const runSearch = z.object({
  status: someOf(RUN_STATUSES),
  workflow: text(),
  tag: text(),
  search: text(),
  since: oneOf(Object.keys(SPANS) as Span[]),
  after: moment(),
  before: moment(),
})

/** {@link runSearch}, read. */
export type RunSearch = z.output<typeof runSearch> & Misread

/** The API's filter at a moment (ms): what the list shows then. */
export function filterOf({ since, after, before, status, workflow, tag, search }: RunSearch, now: number): RunFilter {
  const rest = { status, workflow, tag, search }
  if (since === undefined) return { ...rest, created_after: after, created_before: before }
  return { ...rest, created_after: new Date(now - SPANS[since]).toISOString() }
}

/** Whether anything is asked for at all. */
export function isFiltered(search: RunSearch): boolean {
  return Object.values(search).some((value) => value !== undefined)
}

/** Whether the API would list a run under a filter. */
export function matches(run: RunEntry, filter: RunFilter): boolean {
  const { status, workflow, tag, search, created_after, created_before } = filter
  const created = Date.parse(run.created_at)
  return (
    (status === undefined || status.includes(run.status)) &&
    (workflow === undefined || run.workflow_name === workflow || run.workflow_id === workflow) &&
    (tag === undefined || run.tags.includes(tag)) &&
    (search === undefined || isFound(run, search)) &&
    (created_after === undefined || created >= Date.parse(created_after)) &&
    (created_before === undefined || created < Date.parse(created_before))
  )
}

function isFound(run: RunEntry, search: string): boolean {
  const lower = search.toLowerCase()
  return isIdFound(run.id, search) || run.workflow_name.toLowerCase().includes(lower) || run.tags.includes(search)
}
