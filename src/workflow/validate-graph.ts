import type { Draft, DraftEdge, DraftStep } from './draft.ts'
import { LIMITS } from './limits.ts'
import { nearest } from './nearest.ts'
import { pointer, type ProblemList } from './problems.ts'

/** The edges of a draft that lead somewhere: no unknown, no own step. Steps are named by index. */
export interface Graph {
  steps: readonly DraftStep[]
  /** The first step of each id. */
  byId: ReadonlyMap<string, number>
  edges: readonly (readonly GraphEdge[])[]
  dependents: readonly (readonly number[])[]
  /** Dependencies first; steps on a cycle, and those that depend on one, are left out. */
  order: readonly number[]
}

export interface GraphEdge extends DraftEdge {
  /** The dependency. */
  from: number
}

/** Cycles written out in one answer, and steps written out of one cycle: enough to see where to cut. */
const MOST_CYCLES = 20
const MOST_STEPS_OF_A_CYCLE = 50

/**
 * Builds the graph of a draft and adds what is wrong with it: duplicate ids, unknown, own and contradictory
 * dependencies, cycles, too many edges. O(steps + edges).
 */
export function checkGraph(draft: Draft, problems: ProblemList): Graph {
  const { steps } = draft
  const byId = indexIds(steps, problems)
  checkEdgeCount(steps, problems)
  const edges = steps.map((step) => resolveEdges(step, steps, byId, problems))
  const dependents: number[][] = steps.map(() => [])
  for (const [to, incoming] of edges.entries()) {
    for (const from of new Set(incoming.map((edge) => edge.from))) dependents[from]?.push(to)
  }
  const order = topologicalOrder(edges, dependents)
  const graph = { steps, byId, edges, dependents, order }
  if (order.length < steps.length) reportCycles(graph, problems)
  return graph
}

function indexIds(steps: readonly DraftStep[], problems: ProblemList): Map<string, number> {
  const byId = new Map<string, number>()
  for (const { id, index } of steps) {
    if (id === undefined) continue
    const first = byId.get(id)
    if (first === undefined) byId.set(id, index)
    else problems.add('duplicate_step', pointer('steps', index, 'id'), `"${id}" is already the id of step ${first}`)
  }
  return byId
}

function checkEdgeCount(steps: readonly DraftStep[], problems: ProblemList): void {
  const count = steps.reduce((sum, step) => sum + step.edges.length, 0)
  if (count <= LIMITS.edges) return
  const [found, allowed] = [count, LIMITS.edges].map((number) => number.toLocaleString('en'))
  problems.add('limit_exceeded', '/steps', `${found} dependencies in all, more than the ${allowed} allowed`)
}

function resolveEdges(
  step: DraftStep,
  steps: readonly DraftStep[],
  byId: ReadonlyMap<string, number>,
  problems: ProblemList,
): GraphEdge[] {
  return step.edges.flatMap((edge) => {
    const path = pointer('steps', step.index, 'depends_on', edge.place)
    const from = byId.get(edge.step)
    if (edge.step === step.id) {
      problems.add('self_dependency', path, `step "${edge.step}" depends on itself`)
      return []
    }
    if (from === undefined) {
      problems.add('unknown_dependency', path, `there is no step "${edge.step}"${hintForId(edge.step, byId, problems)}`)
      return []
    }
    if (edge.branch !== undefined) checkBranch(edge, steps[from], `${path}/branch`, problems)
    return [{ ...edge, from }]
  })
}

/** The nearest id is always named, if only as the nearest. */
function hintForId(id: string, byId: ReadonlyMap<string, number>, problems: ProblemList): string {
  const near = problems.hint(id, byId)
  if (near !== '') return near
  const any = problems.mayCompare(byId.size) ? nearest(id, byId.keys(), true) : null
  return any === null ? '' : `; the nearest id is "${any}"`
}

/** Types whose output has a `branch`. */
const BRANCHING_TYPES = new Set<string | undefined>(['condition', 'approval', 'human_gate', undefined])

function checkBranch(edge: DraftEdge, from: DraftStep | undefined, path: string, problems: ProblemList): void {
  if (BRANCHING_TYPES.has(from?.type)) return
  const message = `step "${edge.step}" is no condition, so it chooses no branch; use when for other conditions`
  problems.add('invalid_definition', path, message)
}

function topologicalOrder(edges: Graph['edges'], dependents: Graph['dependents']): number[] {
  const waitingFor = edges.map((incoming) => new Set(incoming.map((edge) => edge.from)).size)
  const order = waitingFor.flatMap((count, index) => (count === 0 ? [index] : []))
  for (let next = 0; next < order.length; next += 1) {
    for (const dependent of dependents[order[next] ?? -1] ?? []) {
      const left = (waitingFor[dependent] ?? 0) - 1
      waitingFor[dependent] = left
      if (left === 0) order.push(dependent)
    }
  }
  return order
}

/**
 * Reports a cycle for each edge that leads back to where a depth-first walk came from: cutting all of these edges leaves
 * no cycle, and a graph with one cycle has one such edge. Written in the order of execution, from the step that comes
 * first in the file, at the edge that closes the circle there.
 */
function reportCycles(graph: Graph, problems: ProblemList): void {
  const done = new Set(graph.order)
  const place = new Map<number, number>()
  const path: { step: number; next: number }[] = []
  let found = 0
  for (const { index } of graph.steps) {
    if (done.has(index)) continue
    path.push({ step: index, next: 0 })
    place.set(index, 0)
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const to = graph.dependents[top.step]?.[top.next]
      top.next += 1
      if (to === undefined) {
        done.add(top.step)
        place.delete(top.step)
        path.pop()
        continue
      }
      const back = place.get(to)
      if (back !== undefined) {
        found += 1
        if (found <= MOST_CYCLES)
          reportCycle(
            graph,
            path.slice(back).map((at) => at.step),
            problems,
          )
      } else if (!done.has(to)) {
        place.set(to, path.length)
        path.push({ step: to, next: 0 })
      }
    }
  }
  if (found > MOST_CYCLES) problems.add('cycle', '/steps', `${found - MOST_CYCLES} more cycles are not written out`)
}

function reportCycle(graph: Graph, cycle: readonly number[], problems: ProblemList): void {
  const start = cycle.indexOf(cycle.reduce((least, index) => Math.min(least, index)))
  const turned = [...cycle.slice(start), ...cycle.slice(0, start)]
  const first = turned[0] ?? 0
  const edge = graph.edges[first]?.find(({ from }) => from === turned.at(-1))
  const ids = turned.map((index) => graph.steps[index]?.id ?? '?')
  const shown = ids.length > MOST_STEPS_OF_A_CYCLE ? [...ids.slice(0, MOST_STEPS_OF_A_CYCLE), '…', ids.at(-1)] : ids
  const path = pointer('steps', first, 'depends_on', edge?.place ?? 0)
  problems.add('cycle', path, `steps wait for each other in a circle: ${[...shown, ids[0]].join(' → ')}`)
}

/** Answers whether one step is upstream of another: a dependency, directly or not. */
export type IsUpstream = (of: number, candidate: number) => boolean

/**
 * Prepares {@link IsUpstream} for a graph. Direct dependencies are found at once; sets of all ancestors (a bit a step)
 * are built when first needed: 10,000 steps take 12 MB and 0.1 s. Steps on and behind cycles are searched one by one.
 */
export function upstreamOf(graph: Graph): IsUpstream {
  let ancestors: Map<number, Uint32Array> | null = null
  return (of, candidate) => {
    if (graph.edges[of]?.some((edge) => edge.from === candidate) === true) return true
    ancestors ??= ancestorsOf(graph)
    const bits = ancestors.get(of)
    if (bits === undefined) return searchUpstream(graph, of, candidate)
    return ((bits[candidate >>> 5] ?? 0) & (1 << (candidate & 31))) !== 0
  }
}

function ancestorsOf(graph: Graph): Map<number, Uint32Array> {
  const words = Math.ceil(graph.steps.length / 32)
  const ancestors = new Map<number, Uint32Array>()
  for (const step of graph.order) {
    const bits = new Uint32Array(words)
    for (const { from } of graph.edges[step] ?? []) {
      const inherited = ancestors.get(from) ?? bits
      for (let word = 0; word < words; word += 1) bits[word] = (bits[word] ?? 0) | (inherited[word] ?? 0)
      bits[from >>> 5] = (bits[from >>> 5] ?? 0) | (1 << (from & 31))
    }
    ancestors.set(step, bits)
  }
  return ancestors
}

function searchUpstream(graph: Graph, of: number, candidate: number): boolean {
  const seen = new Set<number>()
  const open = [of]
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    for (const { from } of graph.edges[step] ?? []) {
      if (from === candidate) return true
      if (!seen.has(from)) {
        seen.add(from)
        open.push(from)
      }
    }
  }
  return false
}
