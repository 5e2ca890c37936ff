import type { GraphModel } from './graph-model.ts'
import { partOfGraph, throughStep } from './part-of-graph.ts'

/** Which steps the graph shows. `failed`: with those right before them. `path`: what leads to a step, and what it leads to. */
export const GRAPH_FILTERS = ['failed', 'path', 'critical'] as const
export type GraphFilter = (typeof GRAPH_FILTERS)[number]

/** What a filter goes by. */
export interface FilterFacts {
  failed: readonly string[]
  selected: string | undefined
  critical: readonly string[]
}

/** The part of a graph that a filter lets through; all of it where the filter has nothing to go by. */
export function filteredGraph(model: GraphModel, filter: GraphFilter | undefined, facts: FilterFacts): GraphModel {
  const keep = keptSteps(model, filter, facts)
  return keep === null || keep.size === 0 ? model : partOfGraph(model, keep)
}

function keptSteps(model: GraphModel, filter: GraphFilter | undefined, facts: FilterFacts): Set<string> | null {
  if (filter === 'failed') {
    const failed = new Set(facts.failed)
    const before = model.edges.filter(({ to }) => failed.has(to)).map(({ from }) => from)
    return failed.size === 0 ? null : new Set([...failed, ...before])
  }
  if (filter === 'critical') return new Set(facts.critical)
  if (filter === 'path' && facts.selected !== undefined) return throughStep(model, facts.selected)
  return null
}
