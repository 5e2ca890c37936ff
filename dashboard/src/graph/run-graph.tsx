import { useLayoutEffect, useMemo, useState } from 'react'
import { isFinished, type RunStatus } from '../../../src/workflow/states.ts'
import type { Step } from '../api/shapes.ts'
import { criticalPathOf } from './critical-path.ts'
import type { GraphFilter } from './graph-filter.ts'
import { GraphFrame } from './graph-frame.tsx'
import { graphOf, type Plan } from './graph-model.ts'
import { StepStore } from './step-store.ts'

/**
 * The graph of a run, live: statuses, attempts and durations on the steps, what was taken on the edges. An update draws
 * the steps that changed, and nothing else. The critical path is the run's own once it has ended, until then the plan's.
 */
export function RunGraph(props: {
  definition: Readonly<Record<string, unknown>>
  plan: Plan
  steps: readonly Step[]
  status: RunStatus
  selected: string | undefined
  onSelect: (stepId: string | undefined) => void
  filter: GraphFilter | undefined
  onFilter: (filter: GraphFilter | undefined) => void
}) {
  const { definition, plan, steps, status, selected } = props
  const model = useMemo(() => graphOf(definition, plan), [definition, plan])
  const [store] = useState(() => new StepStore(steps))
  useLayoutEffect(() => void store.update(steps), [store, steps])
  useLayoutEffect(() => store.select(selected), [store, selected])
  const failed = useSame(
    useMemo(() => steps.filter((step) => step.parent_step_id === null && step.status === 'failed').map(idOf), [steps]),
  )
  const isOver = isFinished(status)
  const critical = useSame(useMemo(() => (isOver ? criticalPathOf(steps) : plan.critical_path), [isOver, steps, plan]))
  const filters = useMemo(
    () => [
      ...(failed.length > 0 ? [{ value: 'failed' as const, name: `Failed ${failed.length}` }] : []),
      { value: 'critical' as const, name: 'Critical path' },
      ...(selected === undefined ? [] : [{ value: 'path' as const, name: 'Path of the step' }]),
    ],
    [failed.length, selected],
  )
  return (
    <GraphFrame
      label="Graph of the run"
      model={model}
      store={store}
      hasRun
      failed={failed}
      critical={critical}
      filters={filters}
      filter={props.filter}
      onFilter={props.onFilter}
      selected={selected}
      onSelect={props.onSelect}
    />
  )
}

function idOf({ step_id: id }: Step): string {
  return id
}

/** The list as it was, while its entries are the same: what hangs on it is not made anew at each update of the run. */
function useSame(list: readonly string[]): readonly string[] {
  const text = list.join('\n')
  return useMemo(() => (text === '' ? [] : text.split('\n')), [text])
}
