import { type MiniMapNodeProps, useNodesData } from '@xyflow/react'
import { memo, useMemo } from 'react'
import { STATUS_LOOKS, type Tone } from '../parts/status.ts'
import { type GroupFlowNode, toneOfGroup } from './group-node.tsx'
import type { StepFlowNode } from './step-node.tsx'
import { readCounts, useCountsText, useStep } from './store-hooks.ts'

/** A step or a group on the map of the whole graph: its colour alone, the boxes have the words. */
export const MiniNode = memo(function MiniNode(props: MiniMapNodeProps) {
  const node = useNodesData<StepFlowNode | GroupFlowNode>(props.id)
  return node?.type === 'level' ? <MiniGroup {...props} steps={node.data.group.steps} /> : <MiniStep {...props} />
})

function MiniStep(props: MiniMapNodeProps) {
  const { id } = props
  const ids = useMemo(() => [id] as [string], [id])
  const step = useStep(ids)
  return <MiniBox {...props} tone={step === undefined ? 'gray' : STATUS_LOOKS[step.status].tone} />
}

function MiniGroup(props: MiniMapNodeProps & { steps: readonly string[] }) {
  return <MiniBox {...props} tone={toneOfGroup(readCounts(useCountsText(props.steps)))} />
}

function MiniBox({ x, y, width, height, tone }: MiniMapNodeProps & { tone: Tone }) {
  return <rect className={`mini-node tone-${tone}`} x={x} y={y} width={width} height={height} rx={10} />
}
