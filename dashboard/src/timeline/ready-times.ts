import type { Run, Step } from '../api/shapes.ts'
import { isSettled } from '../../../src/workflow/states.ts'
import { msOf } from './segments.ts'

/** What the times at which steps could begin hang on. */
export type TimedRun = Pick<Run, 'steps' | 'created_at' | 'started_at'>

/**
 * When each step could begin, ms, by id: when the run did, all that it depends on had settled, or, of an item, when its
 * map did. Steps that nothing lets begin yet are missing.
 */
export function readyTimes(run: TimedRun): Map<string, number> {
  const steps = new Map(run.steps.map((step) => [step.step_id, step]))
  const begun = msOf(run.started_at ?? run.created_at) ?? 0
  const times = new Map<string, number>()
  for (const step of run.steps) {
    const ready = step.parent_step_id === null ? afterAll(step, steps, begun) : afterParent(step, steps)
    if (ready !== null) times.set(step.step_id, ready)
  }
  return times
}

function afterAll(step: Step, steps: ReadonlyMap<string, Step>, begun: number): number | null {
  let ready = begun
  for (const id of step.depends_on) {
    const dependency = steps.get(id)
    if (dependency === undefined || !isSettled(dependency.status)) return null
    ready = Math.max(ready, msOf(dependency.completed_at) ?? begun)
  }
  return ready
}

/** Items begin behind their map; when a compensation could have begun, its own start says best. */
function afterParent(step: Step, steps: ReadonlyMap<string, Step>): number | null {
  const parent = steps.get(step.parent_step_id ?? '')
  const isItem = parent?.type === 'map'
  return msOf(isItem ? parent.started_at : step.started_at)
}
