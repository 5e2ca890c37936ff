import { type GraphEdge, type GraphModel, neighboursOf } from './graph-model.ts'

/** The steps from which a step can be reached and those that can be reached from it, itself among them. */
export function throughStep(model: GraphModel, id: string): Set<string> {
  const { before, behind } = neighboursOf(model.edges)
  return new Set([...reached(id, before), ...reached(id, behind)])
}

function reached(id: string, next: (id: string) => readonly string[]): Set<string> {
  // A set is walked in the order of insertion, what is added meanwhile too.
  const found = new Set([id])
  for (const one of found) for (const other of next(one)) found.add(other)
  return found
}

/**
 * The part of a graph that has only the steps of `keep`. Where a path led from one to another over steps that are left
 * out, an edge stands for it, and says over how many at least.
 */
export function partOfGraph(model: GraphModel, keep: ReadonlySet<string>): GraphModel {
  const nodes = model.nodes.filter(({ id }) => keep.has(id))
  if (nodes.length === model.nodes.length) return model
  const kept = model.edges.filter(({ from, to }) => keep.has(from) && keep.has(to))
  const direct = new Set(kept.map(({ id }) => id))
  return {
    nodes,
    edges: [...kept, ...detours(model, keep).filter(({ id }) => !direct.has(id))],
    levels: model.levels.map((level) => level.filter((id) => keep.has(id))).filter((level) => level.length > 0),
  }
}

function detours(model: GraphModel, keep: ReadonlySet<string>): GraphEdge[] {
  const { behind } = neighboursOf(model.edges)
  return model.nodes.flatMap(({ id: from }) => {
    if (!keep.has(from)) return []
    const found = new Map<string, number>()
    const seen = new Map<string, number>(
      behind(from)
        .filter((id) => !keep.has(id))
        .map((id) => [id, 1]),
    )
    for (const [step, distance] of seen) {
      for (const next of behind(step)) {
        if (keep.has(next)) found.set(next, Math.min(found.get(next) ?? Infinity, distance))
        else if (!seen.has(next)) seen.set(next, distance + 1)
      }
    }
    return [...found].map(([to, hidden]) => ({
      id: `${from}>${to}`,
      from,
      to,
      label: `${hidden}+ steps`,
      isGuarded: false,
      hidden,
    }))
  })
}
