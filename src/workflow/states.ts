/**
 * Every status of the product, once. The database enums, the API schema and the
 * dashboard's colours derive from these lists.
 */

/** Statuses of a run, in the order of a run's life. */
export const RUN_STATUSES = [
  'queued',
  'running',
  'waiting',
  'paused',
  'cancelling',
  'completed',
  'failed',
  'cancelled',
] as const
export type RunStatus = (typeof RUN_STATUSES)[number]

/** Run statuses that never change again, except by an operator's retry. */
export const FINISHED_RUN_STATUSES = ['completed', 'failed', 'cancelled'] as const satisfies readonly RunStatus[]

/** Whether a run has ended. */
export function isFinished(status: RunStatus): boolean {
  return (FINISHED_RUN_STATUSES as readonly RunStatus[]).includes(status)
}

/** Run statuses in which further steps begin. */
export const GOING_RUN_STATUSES = ['queued', 'running', 'waiting'] as const satisfies readonly RunStatus[]

/** What somebody can ask for of a run. */
export const CONTROLS = ['pause', 'resume', 'cancel', 'retry'] as const
export type Control = (typeof CONTROLS)[number]

/** Whether further steps of the run begin. */
export function goesOn(status: RunStatus): boolean {
  return (GOING_RUN_STATUSES as readonly RunStatus[]).includes(status)
}

/** Statuses of a step within a run. */
export const STEP_STATUSES = [
  'pending',
  'running',
  'retrying',
  'waiting',
  'completed',
  'failed',
  'skipped',
  'cancelled',
] as const
export type StepStatus = (typeof STEP_STATUSES)[number]

/** Step statuses that release the steps that depend on it. */
export const SETTLED_STEP_STATUSES = [
  'completed',
  'failed',
  'skipped',
  'cancelled',
] as const satisfies readonly StepStatus[]
export type SettledStepStatus = (typeof SETTLED_STEP_STATUSES)[number]

/** Whether a step has settled: nothing more happens to it in this run, unless an operator retries. */
export function isSettled(status: StepStatus): status is SettledStepStatus {
  return (SETTLED_STEP_STATUSES as readonly StepStatus[]).includes(status)
}

/**
 * Statuses of one attempt. `lost`: its worker stopped beating while it ran and another attempt took over,
 * so whether its effects happened is unknown.
 */
export const ATTEMPT_STATUSES = ['running', 'completed', 'failed', 'lost', 'cancelled'] as const
export type AttemptStatus = (typeof ATTEMPT_STATUSES)[number]

/** Statuses of an order, the demo entity: pending → validated → charged → shipped (→ refunded), or cancelled. */
export const ORDER_STATUSES = ['pending', 'validated', 'charged', 'shipped', 'refunded', 'cancelled'] as const
export type OrderStatus = (typeof ORDER_STATUSES)[number]

/**
 * Statuses of an approval. `expired`: its time was up before it was decided. `void`: what was shown has changed, or its
 * step is no longer waiting; a step that comes up again asks anew.
 */
export const APPROVAL_STATUSES = ['open', 'approved', 'rejected', 'expired', 'void'] as const
export type ApprovalStatus = (typeof APPROVAL_STATUSES)[number]

/** Statuses of the compensation of a run that failed or was cancelled. */
export const COMPENSATION_STATUSES = ['running', 'completed', 'failed'] as const
export type CompensationStatus = (typeof COMPENSATION_STATUSES)[number]
