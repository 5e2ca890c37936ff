import { type Drawing, pathsOf } from './drawing.ts'
import { edgeStates, type EdgeState, hasRun } from './edge-state.ts'
import type { GraphFlowEdge } from './flow-edge.tsx'
import type { GraphEdge } from './graph-model.ts'
import type { GroupFlowNode } from './group-node.tsx'
import type { Layout } from './layout.ts'
import type { StepFlowNode } from './step-node.tsx'
import type { StepStore } from './step-store.ts'

/** What a node needs besides its step. */
export interface NodeActions {
  critical: ReadonlySet<string>
  openGroup: string | undefined
  onSelect: (stepId: string) => void
  onOpen: (groupId: string) => void
}

/** The nodes of a drawing as React Flow takes them. What changes while a run goes on is not in there. */
export function flowNodes(drawing: Drawing, layout: Layout, actions: NodeActions): (StepFlowNode | GroupFlowNode)[] {
  return drawing.nodes.map((drawn) => {
    const { id, width, height } = drawn
    const common = {
      id,
      width,
      height,
      position: layout.places[id] ?? { x: 0, y: 0 },
      draggable: false,
      focusable: false,
    }
    if (drawn.kind === 'step') {
      const data = { node: drawn.node, isCritical: actions.critical.has(id), onSelect: actions.onSelect }
      return { ...common, type: 'step', data }
    }
    return {
      ...common,
      type: 'level',
      data: { group: drawn.group, isOpen: id === actions.openGroup, onOpen: actions.onOpen },
    }
  })
}

/** The edges of a drawing as React Flow takes them. `critical`: ids of the edges to mark. */
export function flowEdges(drawing: Drawing, layout: Layout, critical: ReadonlySet<string>): GraphFlowEdge[] {
  const paths = pathsOf(drawing, layout)
  const { watchedBy, stateOf } = drawing.isGrouped ? statesOfGroups(drawing) : statesOfSteps(drawing)
  return drawing.edges.flatMap((edge) => {
    const drawn = paths.get(edge.id)
    if (drawn === undefined) return []
    const data = { edge, drawn, isCritical: critical.has(edge.id), watched: watchedBy(edge), stateOf }
    return { id: edge.id, source: edge.from, target: edge.to, type: 'flow' as const, data, focusable: false }
  })
}

interface StoreStates {
  watchedBy: (edge: GraphEdge) => readonly string[]
  stateOf: (edge: GraphEdge, store: StepStore) => EdgeState
}

function statesOfSteps({ model }: Drawing): StoreStates {
  const { stateOf, watchedBy } = edgeStates(model)
  return { watchedBy, stateOf: (edge, store) => stateOf(edge, store.get) }
}

/** A level is reached when one of its steps has run. */
function statesOfGroups({ nodes }: Drawing): StoreStates {
  const stepsOf = new Map(nodes.map((drawn) => [drawn.id, drawn.kind === 'group' ? drawn.group.steps : []]))
  return {
    watchedBy: ({ to }) => stepsOf.get(to) ?? [],
    stateOf: ({ to }, store) => {
      const steps = stepsOf.get(to) ?? []
      if (steps.every((id) => store.get(id) === undefined)) return 'plain'
      return steps.some((id) => hasRun(store.get(id))) ? 'taken' : 'pending'
    },
  }
}
