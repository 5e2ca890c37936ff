import type { Step } from '../../api/shapes.ts'
import { isSettled, type StepStatus } from '../../../../src/workflow/states.ts'
import type { StepFilter } from './search-words.ts'

/** Which statuses a filter of the list lets through. */
const STATUSES: Record<StepFilter, readonly StepStatus[]> = {
  failed: ['failed'],
  running: ['running'],
  retrying: ['retrying'],
  waiting: ['waiting'],
  pending: ['pending'],
  done: ['completed', 'skipped', 'cancelled'],
}

/** What to show of a run's steps. */
export interface StepsShown {
  only?: StepFilter | undefined
  /** Part of a step's id, type or action. */
  search?: string | undefined
  /** Items of maps, too. */
  items?: boolean
}

const ITEM = /\[\d+\]/

/** Whether a step is an item of a map, or belongs to one. */
export function isItem({ step_id: id }: Pick<Step, 'step_id'>): boolean {
  return ITEM.test(id)
}

/** The steps to show, those of the definition in its order, each followed by its items and what undoes it. */
export function shownSteps(steps: readonly Step[], { only, search = '', items = false }: StepsShown): Step[] {
  const wanted = search.trim().toLowerCase()
  // Of items that are hidden those that failed are still looked for.
  const kept = steps.filter(
    (step) =>
      (items || !isItem(step) || (only === 'failed' && step.status === 'failed')) &&
      (only === undefined || STATUSES[only].includes(step.status)) &&
      (wanted === '' || `${step.step_id} ${step.type} ${step.action ?? ''}`.toLowerCase().includes(wanted)),
  )
  return inFamilies(kept)
}

function inFamilies(steps: readonly Step[]): Step[] {
  const ids = new Set(steps.map(({ step_id: id }) => id))
  const children = new Map<string, Step[]>()
  const roots: Step[] = []
  for (const step of steps) {
    const parent = step.parent_step_id
    if (parent === null || !ids.has(parent)) roots.push(step)
    else if (children.has(parent)) children.get(parent)?.push(step)
    else children.set(parent, [step])
  }
  const withChildren = (step: Step): Step[] => [step, ...(children.get(step.step_id) ?? []).flatMap(withChildren)]
  return roots.flatMap(withChildren)
}

/** How many steps each filter would show. */
export function countSteps(steps: readonly Step[], items: boolean): Record<StepFilter | 'all', number> {
  const counts = { all: 0, failed: 0, running: 0, retrying: 0, waiting: 0, pending: 0, done: 0 }
  for (const step of steps) {
    if (!items && isItem(step)) {
      if (step.status === 'failed') counts.failed += 1
      continue
    }
    counts.all += 1
    for (const [filter, statuses] of Object.entries(STATUSES) as [StepFilter, readonly StepStatus[]][]) {
      if (statuses.includes(step.status)) counts[filter] += 1
    }
  }
  return counts
}

/** When everything that a step depends on had settled, so that it could begin; null while that is not so. */
export function readyAt(step: Step, run: { steps: readonly Step[]; created_at: string; started_at: string | null }) {
  if (step.depends_on.length === 0) return run.started_at ?? run.created_at
  const ends: string[] = []
  const needed = new Set(step.depends_on)
  for (const other of run.steps) {
    if (!needed.has(other.step_id)) continue
    if (!isSettled(other.status) || other.completed_at === null) return null
    ends.push(other.completed_at)
  }
  return ends.toSorted().at(-1) ?? null
}

/** Ids of the steps of the definition that depend on a step, directly or not, itself first. */
export function dependentsOf(steps: readonly Step[], stepId: string): string[] {
  const dependents = new Map<string, string[]>()
  for (const step of steps) {
    if (step.parent_step_id !== null) continue
    for (const id of step.depends_on) {
      const known = dependents.get(id)
      if (known === undefined) dependents.set(id, [step.step_id])
      else known.push(step.step_id)
    }
  }
  // A set is walked in the order of insertion, what is added meanwhile too.
  const found = new Set([stepId])
  for (const id of found) for (const dependent of dependents.get(id) ?? []) found.add(dependent)
  return [...found]
}
