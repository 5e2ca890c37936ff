import type { RunStatus, StepStatus } from './states.ts'

/** How a run ends. */
export interface RunOutcome {
  status: Extract<RunStatus, 'completed' | 'failed' | 'cancelled'>
  /** What failed first, or why the run was stopped; null unless the run failed. */
  error: RunError | null
}

/** Why a run failed; without a step where it was stopped as a whole. */
interface RunError {
  message: string
  code?: string | undefined
  step_id?: string | undefined
}

/** What {@link runOutcome} looks at in one settled step. */
export interface StepEnd {
  id: string
  status: StepStatus
  /** Its `on_error` is `continue`. */
  tolerated: boolean
  /** When it settled, in any unit. */
  settledAt: number
  /** Message of its failure. */
  error: string | null
}

/**
 * The end of a run whose steps have all settled: cancelled when it was asked to be (failed, where it was stopped for an
 * error: its time was up), else failed when a step failed whose
 * failure counts, else completed. The error is that of the step that failed first (of several at once, the first in the
 * file). A step that was cancelled in a run that was not counts as failed: its work is missing.
 */
export function runOutcome(run: {
  cancelling: boolean
  stopError: RunError | null
  steps: readonly StepEnd[]
}): RunOutcome {
  if (run.cancelling && run.stopError !== null) return { status: 'failed', error: run.stopError }
  if (run.cancelling) return { status: 'cancelled', error: null }
  const [first, ...others] = run.steps.filter(countsAsFailed)
  if (first === undefined) return { status: 'completed', error: null }
  const step = others.reduce((earliest, other) => (other.settledAt < earliest.settledAt ? other : earliest), first)
  const fallback = step.status === 'cancelled' ? `step ${step.id} was cancelled` : `step ${step.id} failed`
  return { status: 'failed', error: { message: step.error ?? fallback, step_id: step.id } }
}

function countsAsFailed(step: StepEnd): boolean {
  return step.status === 'cancelled' || (step.status === 'failed' && !step.tolerated)
}

/** How far a run has come: counts of its steps. What is none of the three is still to come, or was cancelled. */
export interface Progress {
  total: number
  completed: number
  failed: number
  skipped: number
}

/** Counts steps by status. A failure that is tolerated counts as failed here, too. */
export function progressOf(statuses: readonly StepStatus[]): Progress {
  const count = (status: StepStatus): number => statuses.filter((each) => each === status).length
  return { total: statuses.length, completed: count('completed'), failed: count('failed'), skipped: count('skipped') }
}
