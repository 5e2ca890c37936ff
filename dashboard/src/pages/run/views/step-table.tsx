import { memo, useMemo } from 'react'
import type { Step } from '../../../api/shapes.ts'
import { StepDuration } from '../../../parts/step-duration.tsx'
import { StatusBadge } from '../../../parts/status-badge.tsx'
import { useWindowRows } from '../../../parts/use-window-rows.ts'
import { useStepKeys } from '../use-step-keys.ts'
import { stepNote } from '../step-note.ts'

const ROW_HEIGHT = 38

/** Steps in rows, of which only those near the screen are drawn. A click anywhere in a row selects its step. */
export function StepTable(props: {
  steps: readonly Step[]
  selected: string | undefined
  onSelect: (stepId: string | undefined) => void
}) {
  const { steps, selected, onSelect } = props
  const { place, drawn, totalHeight, topOf, show } = useWindowRows({
    count: steps.length,
    height: ROW_HEIGHT,
    keyOf: (index) => steps[index]?.step_id,
  })
  const ids = useMemo(() => steps.map(({ step_id: id }) => id), [steps])
  const select = (id: string | undefined) => {
    onSelect(id)
    if (id !== undefined) show(ids.indexOf(id))
  }
  useStepKeys(ids, selected, select)
  return (
    <div className="card step-table" role="table" aria-label="Steps" aria-rowcount={steps.length + 1}>
      <div role="row" aria-rowindex={1} className="step-row step-head quiet">
        <span role="columnheader">Status</span>
        <span role="columnheader">Step</span>
        <span role="columnheader" className="step-note">
          What it does
        </span>
        <span role="columnheader" className="step-attempts">
          Attempts
        </span>
        <span role="columnheader" className="step-time">
          Duration
        </span>
      </div>
      <div ref={place} role="rowgroup" style={{ height: totalHeight, position: 'relative' }}>
        {drawn.map((item) => {
          const step = steps[item.index]
          return step === undefined ? null : (
            <div
              key={item.key}
              role="presentation"
              className="step-place"
              style={{ transform: `translateY(${topOf(item)}px)`, height: ROW_HEIGHT }}
            >
              <StepRow step={step} index={item.index} isSelected={step.step_id === selected} onSelect={onSelect} />
            </div>
          )
        })}
      </div>
    </div>
  )
}

const StepRow = memo(function StepRow(props: {
  step: Step
  index: number
  isSelected: boolean
  onSelect: (stepId: string | undefined) => void
}) {
  const { step, index, isSelected, onSelect } = props
  const { step_id: id, parent_step_id: parent } = step
  const attempts = step.retry_count + (step.started_at === null ? 0 : 1)
  const note = stepNote(step)
  return (
    <div role="row" aria-rowindex={index + 2} aria-selected={isSelected} className="step-row">
      <span role="cell">
        <StatusBadge status={step.status} />
      </span>
      <span role="cell" className="step-name" data-child={parent !== null}>
        <button
          type="button"
          className="step-button"
          aria-pressed={isSelected}
          title={id}
          onClick={() => onSelect(isSelected ? undefined : id)}
        >
          {id}
        </button>
      </span>
      <span role="cell" className="step-note quiet" data-bad={step.status === 'failed'} title={note}>
        {note}
      </span>
      <span role="cell" className="step-attempts quiet">
        {attempts > 1 ? `${attempts} of ${step.max_retries + 1}` : ''}
      </span>
      <span role="cell" className="step-time">
        <StepDuration step={step} />
      </span>
    </div>
  )
})
