import { Background, BackgroundVariant, MiniMap, ReactFlow, useReactFlow } from '@xyflow/react'
import { type KeyboardEvent, memo, useMemo } from 'react'
import { edgesOfPath } from './critical-path.ts'
import { FlowEdge } from './flow-edge.tsx'
import { flowEdges, flowNodes } from './flow-elements.ts'
import { GroupNode } from './group-node.tsx'
import { MiniNode } from './mini-node.tsx'
import { type ArrowKey, nextNode } from './next-node.ts'
import { StepNode } from './step-node.tsx'
import { useCamera } from './use-camera.ts'
import type { Layout } from './layout.ts'
import type { LaidOut } from './use-layout.ts'
import '@xyflow/react/dist/base.css'
import './graph.css'

const NODE_TYPES = { step: StepNode, level: GroupNode }
const EDGE_TYPES = { flow: FlowEdge }
/** Below so many nodes the whole graph is seen anyway. */
const MAP_FROM = 9

/**
 * What the canvas draws; nothing of it changes while a run goes on, so that updates do not reach it. `onSelect` must stay
 * the same.
 */
export interface CanvasProps {
  laidOut: LaidOut
  label: string
  /** The critical path, where it is to be marked. */
  path: readonly string[]
  openGroup: string | undefined
  selected: string | undefined
  /** The wheel zooms without Ctrl. */
  isFull: boolean
  onSelect: (stepId: string | undefined) => void
  onOpenGroup: (groupId: string) => void
}

/** The drawn graph, with pan, zoom and a map. Arrow keys move along its edges, Enter selects, Escape selects nothing. */
export const GraphCanvas = memo(function GraphCanvas(props: CanvasProps) {
  const { laidOut, label, path, openGroup, selected, isFull, onSelect, onOpenGroup } = props
  const { drawing, layout } = laidOut
  const flow = useReactFlow()
  const critical = useMemo(() => new Set(path), [path])
  const nodes = useMemo(
    () => flowNodes(drawing, layout, { critical, openGroup, onSelect, onOpen: onOpenGroup }),
    [drawing, layout, critical, openGroup, onSelect, onOpenGroup],
  )
  const edges = useMemo(() => flowEdges(drawing, layout, edgesOfPath(path)), [drawing, layout, path])
  const { place, lookAt, show } = useCamera(laidOut, selected, isFull)

  const moveTo = (id: string) => {
    place.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(id)}"]`)?.focus({ preventScroll: true })
    show(id)
  }
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const { key } = event
    const at = event.target instanceof HTMLElement ? event.target.dataset['node'] : undefined
    if (key === 'Escape' && selected !== undefined) onSelect(undefined)
    else if (key === '+') void flow.zoomIn()
    else if (key === '-') void flow.zoomOut()
    else if (key === '0') void flow.fitView()
    else if (key.startsWith('Arrow')) {
      const { direction, neighbours } = drawing
      const begin = selected === undefined ? drawing.nodes[0]?.id : drawing.nodeOf(selected)
      const next = at === undefined ? begin : nextNode(at, key as ArrowKey, { layout, direction, neighbours })
      if (next !== null && next !== undefined) moveTo(next)
    } else return
    event.preventDefault()
  }

  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- an application has keys of its own
    <div
      ref={place}
      className="graph-canvas"
      role="application"
      aria-label={`${label}. Arrow keys move along its edges, Enter selects a step.`}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- as above
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <ReactFlow
        onInit={lookAt}
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        minZoom={0.05}
        maxZoom={2}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        onNodeClick={NOTHING}
        disableKeyboardA11y
        zoomOnScroll={isFull}
        zoomOnDoubleClick={false}
        preventScrolling={isFull}
        zoomActivationKeyCode={['Control', 'Meta']}
        deleteKeyCode={null}
        selectionKeyCode={null}
        multiSelectionKeyCode={null}
        panActivationKeyCode={null}
        proOptions={PRO}
      >
        <Background variant={BackgroundVariant.Dots} gap={20} size={1.2} />
        {nodes.length >= MAP_FROM && (
          <MiniMap
            nodeComponent={MiniNode}
            pannable
            zoomable
            ariaLabel="The whole graph; drag to move"
            className="graph-map"
            maskStrokeWidth={1.5}
            style={mapSize(layout)}
          />
        )}
      </ReactFlow>
    </div>
  )
})

/** Without a handler React Flow lets clicks through its nodes. */
const NOTHING = () => undefined
const PRO = { hideAttribution: true }

const MAP = { height: 112, narrowest: 64, widest: 168 }

/** A map of the graph's own shape, so that it hides no more than it must. */
function mapSize({ width, height }: Layout): { width: number; height: number } {
  const wanted = Math.round((MAP.height * width) / Math.max(height, 1))
  return { width: Math.min(Math.max(wanted, MAP.narrowest), MAP.widest), height: MAP.height }
}
