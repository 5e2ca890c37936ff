import type { Step } from '../api/shapes.ts'

/** Which steps the timeline shows; `critical`: those that the length of the run came from. */
export const ROW_FILTERS = ['failed', 'critical'] as const
export type RowFilterName = (typeof ROW_FILTERS)[number]

/** A line of the timeline: a step, how deep it hangs, and how many steps hang from it. */
export interface TimelineRow {
  step: Step
  depth: number
  children: number
  isOpen: boolean
}

/** Which steps to show. */
export interface RowFilter {
  /** Steps whose items and compensations are shown. */
  open: ReadonlySet<string>
  /** Only steps that failed, and those they hang from. */
  onlyFailed?: boolean
  /** Only these. */
  only?: ReadonlySet<string> | undefined
}

/** The lines of a run: steps of the definition in its order, below each what hangs from it where that is open. */
export function timelineRows(steps: readonly Step[], { open, onlyFailed = false, only }: RowFilter): TimelineRow[] {
  const children = new Map<string, Step[]>()
  const roots: Step[] = []
  for (const step of steps) {
    const parent = step.parent_step_id
    if (parent === null) roots.push(step)
    else if (children.has(parent)) children.get(parent)?.push(step)
    else children.set(parent, [step])
  }
  const hasFailed = (step: Step): boolean =>
    step.status === 'failed' || (children.get(step.step_id) ?? []).some(hasFailed)
  const rows: TimelineRow[] = []
  const add = (step: Step, depth: number) => {
    if (onlyFailed && !hasFailed(step)) return
    const below = children.get(step.step_id) ?? []
    const isOpen = below.length > 0 && open.has(step.step_id)
    rows.push({ step, depth, children: below.length, isOpen })
    if (isOpen) for (const child of below) add(child, depth + 1)
  }
  for (const step of roots) if (only === undefined || only.has(step.step_id)) add(step, 0)
  return rows
}
