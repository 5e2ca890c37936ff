import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { ApprovalStatus } from '../../../src/workflow/states.ts'
import { getJson, sendJson } from './client.ts'
import { keys } from './keys.ts'
import type { Approval, Page } from './shapes.ts'

const PAGE = 100
/** How often approvals are read again: nothing streams them. */
const EVERY_MS = 2_500

/** Approvals by status, newest first, page by page; read again while anybody looks. */
export function approvalsQuery(status: readonly ApprovalStatus[]) {
  return infiniteQueryOptions({
    queryKey: keys.approvals({ status }),
    queryFn: ({ pageParam, signal }) =>
      getJson<Page<Approval>>('approvals', { status, limit: PAGE, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: EVERY_MS,
  })
}

/** One approval; read again until it is decided. */
export function approvalQuery(id: string) {
  return queryOptions({
    queryKey: keys.approval(id),
    queryFn: ({ signal }) => getJson<Approval>(`approvals/${id}`, {}, signal),
    refetchInterval: ({ state }) => (state.data === undefined || state.data.status === 'open' ? EVERY_MS : false),
  })
}

/** What someone decides. */
export interface Decision {
  verb: 'approve' | 'reject'
  by?: string | undefined
  comment?: string | undefined
  data?: unknown
}

/** Decides about an approval as it was shown; 409 where that has changed, or others were faster. */
export function decideApproval(approval: Approval, { verb, by, comment, data }: Decision): Promise<Approval> {
  return sendJson('POST', `runs/${approval.run_id}/steps/${encodeURIComponent(approval.step_id)}/${verb}`, {
    by,
    comment,
    data,
    input_hash: approval.input_hash,
  })
}
