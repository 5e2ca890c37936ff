import { useLayoutEffect, useMemo, useState } from 'react'
import type { GraphFilter } from './graph-filter.ts'
import { GraphFrame } from './graph-frame.tsx'
import { graphOf, type Plan } from './graph-model.ts'
import { StepStore } from './step-store.ts'

const NOTHING: readonly string[] = []

/** The graph of a definition that does not run. The critical path is the longest, counted in steps. */
export function DefinitionGraph(props: {
  definition: Readonly<Record<string, unknown>>
  plan: Plan
  selected: string | undefined
  onSelect: (stepId: string | undefined) => void
}) {
  const { definition, plan, selected, onSelect } = props
  const model = useMemo(() => graphOf(definition, plan), [definition, plan])
  const [store] = useState(() => new StepStore())
  const [filter, setFilter] = useState<GraphFilter>()
  const filters = useMemo(
    () => [
      { value: 'critical' as const, name: 'Critical path' },
      ...(selected === undefined ? [] : [{ value: 'path' as const, name: 'Path of the step' }]),
    ],
    [selected],
  )
  useLayoutEffect(() => store.select(selected), [store, selected])
  return (
    <GraphFrame
      label="Graph of the workflow"
      model={model}
      store={store}
      hasRun={false}
      failed={NOTHING}
      critical={plan.critical_path}
      filters={filters}
      filter={filter}
      onFilter={setFilter}
      selected={selected}
      onSelect={onSelect}
    />
  )
}
