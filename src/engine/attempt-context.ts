import type { AttemptKey } from '../db/fence.ts'
import type { Activation } from './activate.ts'
import type { AttemptContext } from './perform.ts'
import type { StepLogs } from './step-logs.ts'

/** What an attempt is handed: which attempt of what it is, when to give up, and where it logs. */
export function attemptContextOf(
  { run, step }: Activation,
  { key, signal, logs }: { key: AttemptKey; signal: AbortSignal; logs: StepLogs },
): AttemptContext {
  return {
    config: step.step.config,
    runId: run.id,
    stepId: step.id,
    workflow: run.workflowName,
    orderId: run.orderId,
    attempt: key.attempt,
    idempotencyKey: `${run.id}.${step.id}`,
    signal,
    log: logs.logFor(key),
  }
}
