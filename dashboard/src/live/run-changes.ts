import type { Run, Step } from '../api/shapes.ts'

/** What a stream tells of a run: the whole of it, or one step. */
export type Change = { run: Run } | { step: Step }

/** The run after what was told of it, in order; steps that did not change stay the objects they were. */
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
  const steps = run.steps.map((step) => told.get(step.step_id) ?? step)
  const known = new Set(run.steps.map(({ step_id }) => step_id))
  const added = [...told.values()].filter(({ step_id }) => !known.has(step_id))
  return { ...run, steps: [...steps, ...added] }
}
