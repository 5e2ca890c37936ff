import { Handle, type Node, type NodeProps, Position } from '@xyflow/react'
import { memo } from 'react'
import { STATUS_LOOKS, type Tone } from '../parts/status.ts'
import type { StepGroup } from './group-graph.ts'
import { type Counts, readCounts, useCountsText } from './store-hooks.ts'

/** A group of steps in React Flow, which has styles of its own for the type `group`. */
export type GroupFlowNode = Node<{ group: StepGroup; isOpen: boolean; onOpen: (id: string) => void }, 'level'>

/** Statuses by what a reader must see first. */
const URGENT = ['failed', 'running', 'retrying', 'waiting'] as const

/** The steps of a level as one box: how many of them have which status. A click opens the list of them. */
export const GroupNode = memo(function GroupNode({ data: { group, isOpen, onOpen } }: NodeProps<GroupFlowNode>) {
  const counts = readCounts(useCountsText(group.steps))
  const total = group.steps.length
  const words = counts.map(([status, count]) => `${count} ${STATUS_LOOKS[status].word.toLowerCase()}`)
  return (
    <div className={`group-node tone-${toneOfGroup(counts)}`} data-selected={isOpen}>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <button
        type="button"
        tabIndex={-1}
        className="group-node-main"
        data-node={group.id}
        aria-pressed={isOpen}
        aria-label={[`${group.name}, ${total} ${total === 1 ? 'step' : 'steps'}`, ...words].join(', ')}
        onClick={() => onOpen(group.id)}
      >
        <span className="group-node-head">
          <span className="step-node-name">{group.name}</span>
          <span className="group-node-total">
            {total.toLocaleString('en')} {total === 1 ? 'step' : 'steps'}
          </span>
        </span>
        <span className="group-node-bar" aria-hidden>
          {counts.map(([status, count]) => (
            <span key={status} className={`tone-${STATUS_LOOKS[status].tone}`} style={{ flexGrow: count }} />
          ))}
        </span>
        <span className="group-node-counts">
          {counts.map(([status, count]) => (
            <CountOf key={status} status={status} count={count} />
          ))}
        </span>
      </button>
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  )
})

function CountOf({ status, count }: { status: Counts[number][0]; count: number }) {
  const { icon: Icon, tone, word } = STATUS_LOOKS[status]
  return (
    <span className={`group-node-count tone-${tone}`} title={`${count} ${word.toLowerCase()}`}>
      <Icon size={13} stroke={2} aria-hidden />
      {count.toLocaleString('en')}
    </span>
  )
}

/** The colour of steps together: that of the most urgent of them. */
export function toneOfGroup(counts: Counts): Tone {
  const present = new Map(counts)
  const urgent = URGENT.find((status) => present.has(status))
  if (urgent !== undefined) return STATUS_LOOKS[urgent].tone
  return present.has('completed') && !present.has('pending') ? 'green' : 'gray'
}
