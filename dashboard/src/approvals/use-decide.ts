import { type InfiniteData, useMutation, useQueryClient } from '@tanstack/react-query'
import { decideApproval, type Decision } from '../api/approvals.ts'
import { keys } from '../api/keys.ts'
import { ApiError } from '../api/problem-error.ts'
import type { Approval, Page } from '../api/shapes.ts'
import { toastDone, toastError } from '../parts/toasts.tsx'
import { approvedOf } from './approval-text.ts'

type Lists = InfiniteData<Page<Approval>>

/**
 * Decides about an approval. The inbox shows it as decided at once, and takes that back where the API refuses; the form
 * stays until the API has agreed, so that nothing typed is lost. That it {@link isTooLate} is said in a toast.
 */
export function useDecide(approval: Approval) {
  const cache = useQueryClient()
  const one = keys.approval(approval.id)
  return useMutation({
    mutationFn: (decision: Decision) => decideApproval(approval, decision),
    onMutate: async (decision) => {
      await Promise.all([cache.cancelQueries({ queryKey: one }), cache.cancelQueries({ queryKey: ['approvals'] })])
      const before = { lists: cache.getQueriesData<Lists>({ queryKey: ['approvals'] }) }
      const decided = afterDecision(approval, decision)
      if (decided.status !== 'open') {
        cache.setQueriesData<Lists>({ queryKey: ['approvals'] }, (list) => replaced(list, decided))
      }
      return before
    },
    onError: (error, _decision, before) => {
      if (isTooLate(error)) toastError(new Error(`Your decision does not count. ${error.message}`))
      for (const [key, list] of before?.lists ?? []) cache.setQueryData(key, list)
    },
    onSuccess: (decided) => {
      cache.setQueryData(one, decided)
      toastDone(doneText(decided))
    },
    onSettled: () => {
      const touched = [one, ['approvals'], keys.newestApprovals(), keys.run(approval.run_id), keys.stats()]
      return Promise.all(touched.map((queryKey) => cache.invalidateQueries({ queryKey })))
    },
  })
}

/** Whether a decision was refused since others decided before, or something else is asked by now: its form may be gone. */
export function isTooLate(error: Error | null): boolean {
  return error instanceof ApiError && error.status === 409
}

function doneText(decided: Approval): string {
  const { status, step_id: step } = decided
  if (status === 'open') return `Your approval counts: ${approvedOf(decided)}`
  return status === 'approved' ? `Approved: ${step} goes on` : `Rejected: ${step} fails`
}

/** What the API is expected to make of it. */
function afterDecision(approval: Approval, { verb, by, comment, data }: Decision): Approval {
  const at = new Date().toISOString()
  const approved = verb === 'approve'
  const decision = { by: by ?? null, approved, comment: comment ?? null, data: (data ?? null) as Approval['input'], at }
  const decisions = [...approval.decisions, decision]
  const isEnough = decisions.filter((each) => each.approved).length >= approval.quorum
  if (approved && !isEnough) return { ...approval, decisions }
  return { ...approval, decisions, status: approved ? 'approved' : 'rejected', decided_at: at }
}

/** A list with an approval as it is now; lists by status drop it when they are read again. */
function replaced(list: Lists | undefined, decided: Approval): Lists | undefined {
  if (list === undefined) return list
  const pages = list.pages.map((page) => ({
    ...page,
    items: page.items.map((item) => (item.id === decided.id ? decided : item)),
  }))
  return { ...list, pages }
}
