import type { GraphModel } from './graph-model.ts'

/** So many steps are drawn one by one; dagre takes 0.1 to 0.8 s for them, and 9 s and more for a thousand. */
export const MOST_STEPS = 300
/** Consecutive levels share a group where there would be more. */
const MOST_GROUPS = 48

/** Steps of one level, or of some that follow each other, drawn as one node. */
export interface StepGroup {
  id: string
  name: string
  steps: readonly string[]
}

/** A graph too large to be drawn step by step: one node a level, in order. */
export interface GroupedGraph {
  groups: readonly StepGroup[]
  groupOf: ReadonlyMap<string, string>
}

/** Groups a graph by level where it has more than {@link MOST_STEPS} steps; else null. */
export function groupGraph({ nodes, levels }: GraphModel, mostSteps = MOST_STEPS): GroupedGraph | null {
  if (nodes.length <= mostSteps) return null
  const perGroup = Math.ceil(levels.length / MOST_GROUPS)
  const groups: StepGroup[] = []
  for (let first = 0; first < levels.length; first += perGroup) {
    const part = levels.slice(first, first + perGroup)
    const name = part.length === 1 ? `Level ${first + 1}` : `Levels ${first + 1} to ${first + part.length}`
    groups.push({ id: `group-${first + 1}`, name, steps: part.flat() })
  }
  return { groups, groupOf: new Map(groups.flatMap(({ id, steps }) => steps.map((step) => [step, id] as const))) }
}
