import { useVirtualizer } from '@tanstack/react-virtual'
import { memo, useEffect, useMemo, useRef } from 'react'
import { StepDuration } from '../parts/step-duration.tsx'
import { STATUS_LOOKS } from '../parts/status.ts'
import type { GraphNode } from './graph-model.ts'
import type { StepGroup } from './group-graph.ts'
import { stepLabel } from './step-facts.ts'
import { useOfSteps, useStep, useStore } from './store-hooks.ts'

const ROW_HEIGHT = 34

/** The steps of a group, of which only those that are seen are drawn; it begins at the selected one, or one that failed. */
export function GroupList(props: {
  group: StepGroup
  nodes: ReadonlyMap<string, GraphNode>
  selected: string | undefined
  onSelect: (stepId: string) => void
}) {
  const { group, nodes, selected, onSelect } = props
  const store = useStore()
  const place = useRef<HTMLDivElement>(null)
  // oxlint-disable-next-line react/incompatible-library -- nothing of it is memoised
  const rows = useVirtualizer({
    count: group.steps.length,
    getScrollElement: () => place.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 8,
  })
  useEffect(() => {
    const index =
      selected === undefined
        ? group.steps.findIndex((id) => store.get(id)?.status === 'failed')
        : group.steps.indexOf(selected)
    rows.scrollToIndex(Math.max(index, 0), { align: 'center' })
  }, [rows, store, group, selected])
  return (
    <section className="group-list" aria-label={`Steps of ${group.name}`}>
      <h3>
        {group.name}{' '}
        <span className="quiet">
          {group.steps.length.toLocaleString('en')} {group.steps.length === 1 ? 'step' : 'steps'}
        </span>
      </h3>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls */}
      <div ref={place} className="group-list-rows" role="list" tabIndex={0} aria-label={`Steps of ${group.name}`}>
        <div style={{ height: rows.getTotalSize(), position: 'relative' }} role="presentation">
          {rows.getVirtualItems().map(({ index, start }) => {
            const id = group.steps[index] ?? ''
            return (
              <div
                key={id}
                role="listitem"
                aria-setsize={group.steps.length}
                aria-posinset={index + 1}
                className="group-list-row"
                style={{ transform: `translateY(${start}px)`, height: ROW_HEIGHT }}
              >
                <GroupRow id={id} does={nodes.get(id)?.does ?? ''} onSelect={onSelect} />
              </div>
            )
          })}
        </div>
      </div>
    </section>
  )
}

const GroupRow = memo(function GroupRow(props: { id: string; does: string; onSelect: (stepId: string) => void }) {
  const { id, does, onSelect } = props
  const ids = useMemo(() => [id] as [string], [id])
  const step = useStep(ids)
  const isSelected = useOfSteps(ids, (store) => store.isSelected(id))
  const look = step && STATUS_LOOKS[step.status]
  const Icon = look?.icon
  return (
    <button
      type="button"
      className={`group-list-step tone-${look?.tone ?? 'gray'}`}
      aria-pressed={isSelected}
      aria-label={stepLabel(id, does, step)}
      onClick={() => onSelect(id)}
    >
      {Icon !== undefined && <Icon size={15} stroke={2} aria-hidden className="group-list-icon" />}
      <span className="group-list-name">{id}</span>
      <span className="group-list-word">{look?.word ?? does}</span>
      {step?.started_at !== null && step !== undefined && <StepDuration step={step} />}
    </button>
  )
})
