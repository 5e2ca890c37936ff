import type { GraphEdge } from './validate-graph.ts'
import { parseExpression } from './expressions.ts'
import type { Join } from './definition.ts'

/**
 * Which steps can never execute. A step that executes has met constraints: "condition C chose branch B". Under `all`
 * the constraints of every edge hold together, and contradict each other where two branches of one condition meet; under
 * `any` and `none_failed` one edge suffices, so only what all of them have in common is known; under `always` nothing is.
 * Expressions count where their value can be told without data. What is not found here may still never happen: the
 * analysis is sound, not complete.
 */

/** What the analysis looks at in a step. */
export interface ReachStep {
  id: string | undefined
  type: string | undefined
  join: Join
  when: string | undefined
  /** The expression of a condition step. */
  expression: string | undefined
}

export interface ReachGraph {
  steps: readonly ReachStep[]
  edges: readonly (readonly GraphEdge[])[]
  /** Dependencies first. Steps that are left out are not looked at. */
  order: readonly number[]
}

/** A step that can never execute, and why; `place` is the one edge at fault, if it is one. */
export interface Unreachable {
  step: number
  place: number | null
  reason: string
}

/** Constraints as a list that shares its tail: steps of one branch share what led to them. */
interface Constraints {
  condition: number
  branches: ReadonlySet<string>
  parent: Constraints | null
  depth: number
}

/** Nodes looked at before the analysis gives up (no steps are reported then): a fraction of a second. */
const MOST_WORK = 5_000_000

/** The steps that can never execute, in the given order. */
export function findUnreachable(graph: ReachGraph): Unreachable[] {
  const analysis = new Analysis(graph)
  for (const step of graph.order) {
    if (analysis.work > MOST_WORK) break
    analysis.visit(step)
  }
  return analysis.unreachable
}

interface Alternative {
  edge: GraphEdge
  constraints: Constraints | null
}

class Analysis {
  readonly unreachable: Unreachable[] = []
  work = 0
  readonly #graph: ReachGraph
  readonly #constraints: (Constraints | null | 'never')[]
  readonly #branches = new Map<number, ReadonlySet<string> | null>()

  constructor(graph: ReachGraph) {
    this.#graph = graph
    this.#constraints = graph.steps.map(() => null)
  }

  visit(index: number): void {
    const step = this.#graph.steps[index]
    if (step === undefined) return
    const verdict = isNever(step.when)
      ? { place: null, reason: `its condition ${JSON.stringify(step.when)} is never true` }
      : this.#join(step.join, this.#graph.edges[index] ?? [])
    if (verdict === null || !('reason' in verdict)) {
      this.#constraints[index] = verdict
      return
    }
    this.#constraints[index] = 'never'
    this.unreachable.push({ step: index, ...verdict })
  }

  #join(join: Join, edges: readonly GraphEdge[]): Constraints | null | Omit<Unreachable, 'step'> {
    if (edges.length === 0 || join === 'always') return null
    const faults: Omit<Unreachable, 'step'>[] = []
    const open: Alternative[] = []
    for (const edge of edges) {
      const active = this.#activate(edge)
      if (active !== null && 'reason' in active) faults.push(active)
      else open.push({ edge, constraints: active })
    }
    const [fault] = faults
    if (join === 'all') return fault ?? this.#all(open)
    if (open.length > 0) return this.#common(open)
    return fault !== undefined && faults.length === 1
      ? fault
      : { place: null, reason: 'none of its dependencies can ever let it execute' }
  }

  /** What holds when this edge is active, or why it never is. */
  #activate(edge: GraphEdge): Constraints | null | Omit<Unreachable, 'step'> {
    const upstream = this.#constraints[edge.from] ?? null
    const id = edge.step
    if (upstream === 'never') return { place: edge.place, reason: `it depends on "${id}", which can never execute` }
    if (isNever(edge.when)) {
      return {
        place: edge.place,
        reason: `the edge from "${id}" has the condition ${JSON.stringify(edge.when)}, which is never true`,
      }
    }
    if (edge.branch === undefined) return upstream
    const possible = this.#branchesOf(edge.from)
    if (possible !== null && !possible.has(edge.branch)) {
      const names = [...possible].map((name) => JSON.stringify(name)).join(' and ')
      return { place: edge.place, reason: `"${id}" never chooses branch ${JSON.stringify(edge.branch)}, only ${names}` }
    }
    return {
      condition: edge.from,
      branches: new Set([edge.branch]),
      parent: upstream,
      depth: (upstream?.depth ?? 0) + 1,
    }
  }

  #branchesOf(condition: number): ReadonlySet<string> | null {
    const known = this.#branches.get(condition)
    if (known !== undefined) return known
    const branches = branchesOf(this.#graph.steps[condition]?.expression)
    this.#branches.set(condition, branches)
    return branches
  }

  /** Conjunction: every alternative holds. */
  #all(alternatives: readonly Alternative[]): Constraints | null | Omit<Unreachable, 'step'> {
    let merged: Constraints | null = null
    for (const { edge, constraints } of alternatives) {
      const both = this.#and(merged, constraints)
      if (both !== null && 'conflict' in both) {
        return { place: edge.place, reason: this.#contradiction(both) }
      }
      merged = both
    }
    return merged
  }

  #contradiction({ conflict, branches }: Conflict): string {
    const id = this.#graph.steps[conflict]?.id ?? '?'
    const [first, second] = branches.map((names) => [...names].map((name) => JSON.stringify(name)).join(' or '))
    return `its dependencies need branch ${first} and branch ${second} of "${id}" at once; use join any or none_failed`
  }

  #and(one: Constraints | null, other: Constraints | null): Constraints | null | Conflict {
    const tail = this.#sharedTail(one, other)
    if (tail === other) return one
    if (tail === one) return other
    const known = new Map<number, ReadonlySet<string>>()
    for (const node of this.#above(one, tail).toReversed()) known.set(node.condition, node.branches)
    let merged = one
    for (const { condition, branches } of this.#above(other, tail)) {
      const before = known.get(condition)
      const both = before === undefined ? branches : new Set([...before].filter((name) => branches.has(name)))
      if (before !== undefined && both.size === 0) return { conflict: condition, branches: [before, branches] }
      if (before?.size === both.size) continue
      merged = { condition, branches: both, parent: merged, depth: (merged?.depth ?? 0) + 1 }
      known.set(condition, both)
    }
    return merged
  }

  /** Disjunction: what every alternative has in common. */
  #common(alternatives: readonly Alternative[]): Constraints | null {
    const chains = alternatives.map(({ constraints }) => constraints)
    const tail = chains.reduce((shared, chain) => this.#sharedTail(shared, chain))
    const union = new Map<number, { count: number; branches: Set<string> }>()
    for (const chain of chains) {
      const own = new Map<number, ReadonlySet<string>>()
      for (const node of this.#above(chain, tail)) {
        if (!own.has(node.condition)) own.set(node.condition, node.branches)
      }
      for (const [condition, branches] of own) {
        const seen = union.get(condition)
        union.set(condition, {
          count: (seen?.count ?? 0) + 1,
          branches: new Set([...(seen?.branches ?? []), ...branches]),
        })
      }
    }
    let merged = tail
    for (const [condition, { count, branches }] of union) {
      if (count < chains.length) continue
      merged = { condition, branches, parent: merged, depth: (merged?.depth ?? 0) + 1 }
    }
    return merged
  }

  #sharedTail(one: Constraints | null, other: Constraints | null): Constraints | null {
    if (one === null || other === null) return null
    let [left, right]: [Constraints | null, Constraints | null] = [one, other]
    while (left !== right) {
      this.work += 1
      if ((left?.depth ?? 0) >= (right?.depth ?? 0)) left = left?.parent ?? null
      else right = right?.parent ?? null
    }
    return left
  }

  /** The nodes above a tail, newest first: the newest of a condition is the narrowest. */
  #above(chain: Constraints | null, tail: Constraints | null): Constraints[] {
    const nodes: Constraints[] = []
    for (let node = chain; node !== tail && node !== null; node = node.parent) {
      this.work += 1
      nodes.push(node)
    }
    return nodes
  }
}

interface Conflict {
  conflict: number
  branches: [ReadonlySet<string>, ReadonlySet<string>]
}

/** Whether a condition can be seen to be never true. */
function isNever(text: string | undefined): boolean {
  if (text === undefined) return false
  const parsed = parseExpression(text)
  return parsed.ok && parsed.expression.outcomes?.every((value) => value === false) === true
}

/** The branches that a condition's expression can choose, where that can be told. */
function branchesOf(text: string | undefined): ReadonlySet<string> | null {
  if (text === undefined) return null
  const parsed = parseExpression(text)
  const outcomes = parsed.ok ? parsed.expression.outcomes : null
  return outcomes === null ? null : new Set(outcomes.map(String))
}
