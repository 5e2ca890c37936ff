import type { Run, Step } from '../api/shapes.ts'
import { progressOf } from '../../../src/workflow/outcome.ts'

/** What a stream tells of a run: the whole of it, or one step. */
export type Change = { run: Run } | { step: Step }

/** The run after what was told of it, in order, and how far it has come; steps that did not change stay the objects they were. */
export function afterChanges(before: Run | undefined, changes: readonly Change[]): Run | undefined {
  let run = before
  const told = new Map<string, Step>()
  for (const change of changes) {
    if ('step' in change) told.set(change.step.step_id, change.step)
    else {
      run = change.run
      told.clear()
    }
  }
  if (run === undefined || told.size === 0) return run
  const known = new Set(run.steps.map(({ step_id }) => step_id))
  const added = [...told.values()].filter(({ step_id }) => !known.has(step_id))
  const steps = [...run.steps.map((step) => told.get(step.step_id) ?? step), ...added]
  const own = steps.filter(({ parent_step_id }) => parent_step_id === null)
  return { ...run, steps, progress: progressOf(own.map(({ status }) => status)) }
}
