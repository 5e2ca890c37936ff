import { Timeline } from '../../../timeline/timeline.tsx'
import { atStep, useRunPlace } from '../use-run-place.ts'
import type { ViewProps } from '../view-props.ts'

/** When what of the run happened. */
export function TimelineView({ run, selected, onSelect }: ViewProps) {
  const { search, go } = useRunPlace()
  return (
    <Timeline
      key={run.id}
      run={run}
      selected={selected}
      onSelect={onSelect}
      onAttempt={(step, attempt) => go({ ...atStep(step), attempt })}
      filter={search.rows}
      onFilter={(rows) => go({ rows }, { replace: true })}
    />
  )
}
