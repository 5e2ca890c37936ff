import type { Approval } from '../api/shapes.ts'

/** What is asked, as one text. */
export function questionOf({ message, step_id }: Pick<Approval, 'message' | 'step_id'>): string {
  if (typeof message === 'string' && message !== '') return message
  return message === null || message === '' ? `“${step_id}” asks for approval` : JSON.stringify(message)
}

/** How many have approved, and how many must. */
export function approvedOf({ decisions, quorum }: Pick<Approval, 'decisions' | 'quorum'>): string {
  const approved = decisions.filter((decision) => decision.approved).length
  return quorum === 1 && approved <= 1 ? `${approved} of 1` : `${approved} of ${quorum}`
}

/** Whether a search finds it: a part of the question, the workflow's name, the step, a person, or the run's id. */
export function isFound(approval: Approval, search: string | undefined): boolean {
  if (search === undefined) return true
  const { workflow_name, step_id, run_id, approvers, decisions } = approval
  const texts = [questionOf(approval), workflow_name, step_id, run_id, ...(approvers ?? [])]
  const people = decisions.flatMap(({ by }) => (by === null ? [] : [by]))
  const wanted = search.toLowerCase()
  return [...texts, ...people].some((text) => text.toLowerCase().includes(wanted))
}

/** Whether it names someone who has not decided yet. */
export function isFor({ approvers, decisions }: Approval, name: string): boolean {
  const who = name.trim()
  return approvers !== null && approvers.includes(who) && !decisions.some(({ by }) => by === who)
}
