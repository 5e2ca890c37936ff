import { queryOptions } from '@tanstack/react-query'
import { getAllPages } from './all-pages.ts'
import { getJson } from './client.ts'
import { keys } from './keys.ts'
import type { Approval, Order, RunControl, RunEvent, StepDetail, Why } from './shapes.ts'

/** As many events as a run can have. */
const MOST_EVENTS = 10_000
/** As many approvals as are shown beside a run: those of maps can be thousands. */
const MOST_APPROVALS = 1_000
/** As many controls as are shown beside a run. */
const MOST_CONTROLS = 1_000
/** What the reasons are about (workers, slots, other runs) changes without the run, ms. */
const WHY_EVERY_MS = 3_000

/** One step with its payloads and attempts. */
export function stepQuery(runId: string, stepId: string) {
  return queryOptions({
    queryKey: keys.step(runId, stepId),
    queryFn: ({ signal }) => getJson<StepDetail>(`runs/${runId}/steps/${encodeURIComponent(stepId)}`, {}, signal),
  })
}

/** Why the unsettled steps of a run do not go on; asked for again as long as the run is `unfinished`. */
export function whyQuery(runId: string, unfinished: boolean) {
  return queryOptions({
    queryKey: keys.runSide(runId, 'why'),
    queryFn: ({ signal }) => getJson<Why>(`runs/${runId}/why`, {}, signal),
    enabled: unfinished,
    refetchInterval: unfinished ? WHY_EVERY_MS : false,
  })
}

/** What the steps of a run asked people, newest first. */
export function approvalsOfRunQuery(runId: string) {
  return queryOptions({
    queryKey: keys.runSide(runId, 'approvals'),
    queryFn: ({ signal }) =>
      getAllPages<Approval>('approvals', { query: { run: runId }, most: MOST_APPROVALS, signal }),
  })
}

/** What operators did to a run, oldest first. */
export function controlsOfRunQuery(runId: string) {
  return queryOptions({
    queryKey: keys.runSide(runId, 'controls'),
    queryFn: ({ signal }) => getAllPages<RunControl>(`runs/${runId}/controls`, { most: MOST_CONTROLS, signal }),
  })
}

/** What a run was sent, oldest first. */
export function eventsOfRunQuery(runId: string) {
  return queryOptions({
    queryKey: keys.runSide(runId, 'events'),
    queryFn: ({ signal }) => getAllPages<RunEvent>(`runs/${runId}/events`, { most: MOST_EVENTS, signal }),
  })
}

/** One order with its history. */
export function orderQuery(id: string) {
  return queryOptions({
    queryKey: keys.order(id),
    queryFn: ({ signal }) => getJson<Order>(`orders/${id}`, {}, signal),
  })
}
