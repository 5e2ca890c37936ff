import type { Edge, EdgeProps } from '@xyflow/react'
import { memo, useMemo } from 'react'
import type { EdgePath } from './edge-path.ts'
import type { EdgeState } from './edge-state.ts'
import type { GraphEdge } from './graph-model.ts'
import type { StepStore } from './step-store.ts'
import { useOfSteps } from './store-hooks.ts'

/** An edge in React Flow. `stateOf` tells how far the run has come over it. */
export type GraphFlowEdge = Edge<
  {
    edge: GraphEdge
    drawn: EdgePath
    isCritical: boolean
    /** Steps that its state hangs on. */
    watched: readonly string[]
    stateOf: (edge: GraphEdge, store: StepStore) => EdgeState
  },
  'flow'
>

const NOTHING: readonly string[] = []

/** An edge: solid where the run went along it, dashed where it did not, thin until that is known. */
export const FlowEdge = memo(function FlowEdge({ data }: EdgeProps<GraphFlowEdge>) {
  const watched = useMemo(() => data?.watched ?? NOTHING, [data])
  const state = useOfSteps(watched, (store) => data?.stateOf(data.edge, store))
  if (data === undefined) return null
  const { edge, drawn, isCritical } = data
  return (
    <g
      className="flow-edge"
      data-state={state}
      data-critical={isCritical}
      data-guarded={edge.isGuarded || edge.hidden > 0}
    >
      <path d={drawn.path} className="flow-edge-line" />
      <polygon points={drawn.head} className="flow-edge-head" />
      {edge.label !== null && (
        <text x={drawn.middle.x} y={drawn.middle.y} className="flow-edge-label">
          {edge.label.length > 24 ? `${edge.label.slice(0, 23)}…` : edge.label}
        </text>
      )}
    </g>
  )
})
