import { boxOf, edgePath, type EdgePath } from './edge-path.ts'
import { type GraphEdge, type GraphModel, type GraphNode, neighboursOf, type Neighbours } from './graph-model.ts'
import { groupGraph, type StepGroup } from './group-graph.ts'
import type { Direction, Layout, LayoutInput } from './layout.ts'

/** Size of a step, pixels. */
const STEP_SIZE = { width: 228, height: 56 }
/** Size of a group of steps, pixels, and how small it may be drawn. */
export const GROUP_SIZE = { width: 216, height: 96 }
export const GROUP_ZOOM = 0.68

/** What is drawn: steps, or groups of them where there are too many. */
export type DrawnNode =
  | { kind: 'step'; id: string; width: number; height: number; node: GraphNode }
  | { kind: 'group'; id: string; width: number; height: number; group: StepGroup }

/** A graph that is ready to be laid out. */
export interface Drawing {
  model: GraphModel
  direction: Direction
  isGrouped: boolean
  nodes: readonly DrawnNode[]
  edges: readonly GraphEdge[]
  neighbours: Neighbours
  /** The node that shows a step. */
  nodeOf: (stepId: string) => string
  input: LayoutInput
}

/** Decides what of a graph is drawn: each step, or each level. Levels are read like text, whatever the direction. */
export function drawingOf(model: GraphModel, wanted: Direction): Drawing {
  const grouped = groupGraph(model)
  const direction = grouped === null ? wanted : 'LR'
  const nodes: DrawnNode[] =
    grouped === null
      ? model.nodes.map((node) => ({ kind: 'step', id: node.id, ...STEP_SIZE, node }))
      : grouped.groups.map((group) => ({ kind: 'group', id: group.id, ...GROUP_SIZE, group }))
  const edges = grouped === null ? model.edges : edgesBetween(nodes)
  return {
    model,
    direction,
    isGrouped: grouped !== null,
    nodes,
    edges,
    neighbours: neighboursOf(edges),
    nodeOf: (stepId) => grouped?.groupOf.get(stepId) ?? stepId,
    input: { direction, nodes: nodes.map(({ id, width, height }) => ({ id, width, height })), edges },
  }
}

/** Each level but the first waits for the one before it. */
function edgesBetween(groups: readonly DrawnNode[]): GraphEdge[] {
  return groups.slice(1).map(({ id: to }, index) => {
    const from = groups[index]?.id ?? to
    return { id: `${from}>${to}`, from, to, label: null, isGuarded: false, hidden: 0 }
  })
}

/** The curves of all edges of a drawing, by edge id. */
export function pathsOf({ nodes, edges, direction }: Drawing, layout: Layout): Map<string, EdgePath> {
  const boxes = new Map(nodes.map((node) => [node.id, boxOf(layout, node.id, node)]))
  return new Map(
    edges.flatMap(({ id, from, to }) => {
      const [a, b] = [boxes.get(from), boxes.get(to)]
      return a === undefined || b === undefined
        ? []
        : [[id, edgePath(a, b, layout.bends[`${from}>${to}`] ?? [], direction)] as const]
    }),
  )
}
