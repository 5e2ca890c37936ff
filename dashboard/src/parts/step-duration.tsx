import type { Step } from '../api/shapes.ts'
import { Duration } from './duration.tsx'

/** How long the last attempt of a step took, or takes by now; a dash between two attempts, when nothing is done of it. */
export function StepDuration({ step }: { step: Pick<Step, 'status' | 'started_at' | 'completed_at'> }) {
  return <Duration from={step.status === 'retrying' ? null : step.started_at} to={step.completed_at} />
}
