import { IconArrowBackUp, IconExternalLink, IconRefresh } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { Handle, type Node, type NodeProps, Position } from '@xyflow/react'
import { memo, useMemo } from 'react'
import type { Step } from '../api/shapes.ts'
import { StepDuration } from '../parts/step-duration.tsx'
import { STATUS_LOOKS } from '../parts/status.ts'
import type { GraphNode } from './graph-model.ts'
import { itemsText, stepLabel, triesText } from './step-facts.ts'
import { useOfSteps, useStep } from './store-hooks.ts'
import { TypeIcon } from './type-icon.tsx'

/** A step in React Flow. */
export type StepFlowNode = Node<{ node: GraphNode; isCritical: boolean; onSelect: (id: string) => void }, 'step'>

/** A step: name, and, in a run, status as icon, word and colour, duration and tries. Draws anew only when it changed. */
export const StepNode = memo(function StepNode({ data }: NodeProps<StepFlowNode>) {
  const { node, isCritical, onSelect } = data
  const ids = useMemo(() => [node.id] as [string], [node.id])
  const step = useStep(ids)
  const isSelected = useOfSteps(ids, (store) => store.isSelected(node.id))
  const undoing = useOfSteps(ids, (store) => store.undoingOf(node.id)?.status)
  const look = step && STATUS_LOOKS[step.status]
  return (
    <div
      className={`step-node tone-${look?.tone ?? 'gray'}`}
      data-status={step?.status}
      data-critical={isCritical}
      data-selected={isSelected}
    >
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <button
        type="button"
        tabIndex={-1}
        className="step-node-main"
        data-node={node.id}
        aria-pressed={isSelected}
        aria-label={stepLabel(node.id, node.does, step)}
        title={`${stepLabel(node.id, node.does, step)} (${node.does})`}
        onClick={() => onSelect(node.id)}
      >
        <span className="step-node-icon">
          {look === undefined ? (
            <TypeIcon type={node.type} size={16} />
          ) : (
            <look.icon size={16} stroke={2} aria-hidden />
          )}
        </span>
        <span className="step-node-text">
          <span className="step-node-head">
            <span className="step-node-name">{node.id}</span>
            {step !== undefined && step.items !== null && <span className="step-node-items">{itemsText(step)}</span>}
          </span>
          <span className="step-node-facts">{step === undefined ? node.does : <Facts step={step} />}</span>
        </span>
        {step !== undefined && <TypeIcon type={node.type} size={14} className="step-node-type" />}
      </button>
      {undoing !== undefined && (
        <span
          className={`step-node-undone tone-${STATUS_LOOKS[undoing].tone}`}
          title={`Undo: ${STATUS_LOOKS[undoing].word}`}
        >
          <IconArrowBackUp size={12} aria-label={`Undo: ${STATUS_LOOKS[undoing].word}`} />
        </span>
      )}
      {typeof step?.child_run_id === 'string' && (
        <Link
          to="/runs/$run"
          params={{ run: step.child_run_id }}
          className="step-node-child"
          aria-label={`Child run of ${node.id}`}
          title="Go to the child run"
        >
          <IconExternalLink size={14} aria-hidden />
        </Link>
      )}
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  )
})

function Facts({ step }: { step: Step }) {
  const tries = triesText(step)
  return (
    <>
      <span className="step-node-word">{STATUS_LOOKS[step.status].word}</span>
      {step.started_at !== null && step.status !== 'retrying' && (
        <span>
          <StepDuration step={step} />
        </span>
      )}
      {tries !== null && (
        <span className="step-node-tries">
          <IconRefresh size={11} stroke={2} aria-hidden />
          {tries}
        </span>
      )}
    </>
  )
}
