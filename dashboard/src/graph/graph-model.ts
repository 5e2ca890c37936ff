import type { WorkflowDetail } from '../api/shapes.ts'

/** The plan of a definition as the API tells it. */
export type Plan = WorkflowDetail['plan']

/** A step of a definition, as the graph needs it. */
export interface GraphNode {
  id: string
  /** What is written below its name: the action, or the type where that says it all. */
  does: string
  type: string
}

/** An edge, from a step to one that depends on it. */
export interface GraphEdge {
  id: string
  from: string
  to: string
  /** The branch of a condition that it stands for, or `if` where an expression guards it. */
  label: string | null
  /** Whether it is followed only under a condition. */
  isGuarded: boolean
  /** How many steps that are not shown it leads past. */
  hidden: number
}

/** Steps and edges to draw. Nodes are in topological order. */
export interface GraphModel {
  nodes: readonly GraphNode[]
  edges: readonly GraphEdge[]
  /** Levels of the plan, of the steps that are there; no level is empty. */
  levels: readonly (readonly string[])[]
}

interface RawStep {
  id: string
  type: string
  config: Readonly<Record<string, unknown>>
  dependencies: { step: string; label: string | null; isGuarded: boolean }[]
}

/**
 * The graph of a definition: its steps, and the edges that no longer path implies, besides those that a condition guards.
 * `definition` is as it was posted, so that nothing in it can be relied on; the plan is the service's own.
 */
export function graphOf(definition: Readonly<Record<string, unknown>>, plan: Plan): GraphModel {
  const raw = new Map(rawSteps(definition).map((step) => [step.id, step]))
  const nodes = plan.topological_order.map((id) => nodeOf(id, raw.get(id)))
  const edges = new Map(plan.reduced_edges.map(({ from, to }) => [`${from}>${to}`, edgeOf(from, to)]))
  for (const { id: to, dependencies } of raw.values()) {
    for (const { step: from, label, isGuarded } of dependencies) {
      const edge = edgeOf(from, to)
      if (isGuarded) edges.set(edge.id, { ...edge, label, isGuarded })
    }
  }
  const known = new Set(plan.topological_order)
  return {
    nodes,
    edges: [...edges.values()].filter(({ from, to }) => known.has(from) && known.has(to)),
    levels: plan.levels,
  }
}

function edgeOf(from: string, to: string): GraphEdge {
  return { id: `${from}>${to}`, from, to, label: null, isGuarded: false, hidden: 0 }
}

function nodeOf(id: string, step: RawStep | undefined): GraphNode {
  const type = step?.type ?? 'task'
  const detail = step?.config['action'] ?? step?.config['workflow'] ?? step?.config['event']
  return { id, type, does: typeof detail === 'string' && detail !== '' ? `${type} · ${detail}` : type }
}

function rawSteps(definition: Readonly<Record<string, unknown>>): RawStep[] {
  return listOf(definition['steps']).flatMap((value) => {
    const { id, type, config, depends_on: dependsOn } = recordOf(value)
    if (typeof id !== 'string') return []
    return {
      id,
      type: typeof type === 'string' ? type : 'task',
      config: recordOf(config),
      dependencies: listOf(dependsOn).flatMap(dependencyOf),
    }
  })
}

function dependencyOf(value: unknown): RawStep['dependencies'] {
  if (typeof value === 'string') return [{ step: value, label: null, isGuarded: false }]
  const { step, branch, when } = recordOf(value)
  if (typeof step !== 'string') return []
  if (typeof branch === 'string') return [{ step, label: branch, isGuarded: true }]
  return [{ step, label: when === undefined ? null : 'if', isGuarded: when !== undefined }]
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

/** The steps right before and right behind each step. */
export interface Neighbours {
  before: (id: string) => readonly string[]
  behind: (id: string) => readonly string[]
}

/** Who stands beside whom. */
export function neighboursOf(edges: readonly Pick<GraphEdge, 'from' | 'to'>[]): Neighbours {
  const before = new Map<string, string[]>()
  const behind = new Map<string, string[]>()
  const add = (map: Map<string, string[]>, key: string, value: string) => {
    const known = map.get(key)
    if (known === undefined) map.set(key, [value])
    else known.push(value)
  }
  for (const { from, to } of edges) {
    add(before, to, from)
    add(behind, from, to)
  }
  return { before: (id) => before.get(id) ?? [], behind: (id) => behind.get(id) ?? [] }
}
