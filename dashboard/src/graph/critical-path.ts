import type { Step } from '../api/shapes.ts'

/** Steps with their times, as runs have them. */
export type TimedStep = Pick<Step, 'step_id' | 'depends_on' | 'parent_step_id' | 'started_at' | 'completed_at'>

/**
 * The chain of steps that the length of a run came from: from the step that ended last back, each time to the dependency
 * that ended last. First step first. Empty where no step has run yet.
 */
export function criticalPathOf(steps: readonly TimedStep[]): string[] {
  const ran = new Map<string, TimedStep & { started_at: string; completed_at: string }>()
  for (const step of steps) {
    const { step_id: id, started_at: begin, completed_at: end } = step
    if (step.parent_step_id === null && begin !== null && end !== null) {
      ran.set(id, { ...step, started_at: begin, completed_at: end })
    }
  }
  const latest = (ids: Iterable<string>) => {
    let last: string | undefined
    for (const id of ids) {
      const end = ran.get(id)?.completed_at
      // Times of the API all have the same form, so that they compare as text.
      if (end !== undefined && (last === undefined || end > (ran.get(last)?.completed_at ?? ''))) last = id
    }
    return last
  }
  const path: string[] = []
  for (let step = latest(ran.keys()); step !== undefined; step = latest(ran.get(step)?.depends_on ?? [])) {
    path.push(step)
    if (path.length > ran.size) break
  }
  return path.toReversed()
}

/** The edges of a path, as ids of edges. */
export function edgesOfPath(path: readonly string[]): Set<string> {
  return new Set(path.slice(1).map((id, index) => `${path[index] ?? ''}>${id}`))
}
