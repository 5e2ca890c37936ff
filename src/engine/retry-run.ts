import type { Database } from '../db/client.ts'
import { lockTrees, resetRun, voidAnswers, type ControlledRun } from '../db/controls.ts'
import { noteControl } from '../db/run-controls.ts'
import { SluiceError } from '../errors.ts'
import type { CompiledWorkflow } from '../workflow/compile.ts'
import { downstreamOf } from '../workflow/downstream.ts'
import { didYouMean } from '../workflow/nearest.ts'
import { isFinished } from '../workflow/states.ts'
import { sendAborts } from './abort.ts'
import { admitSoon } from './admit.ts'
import { cancelTrees, followCancel } from './cancel.ts'
import { controlled, dispatchControlled, refusal, requireControlled, type Asked } from './control.ts'
import type { Engine } from './engine.ts'
import { followResume, resumePaused } from './pause.ts'

/**
 * Has a run go on: what failed, was cancelled or skipped runs again, and what completed keeps its result. With `from`, that
 * step and all that depends on it run again, whatever became of them; a run that was paused goes on, with its descendants.
 * Throws `not_found`, `invalid_input` for a step that the workflow does not have, and `conflict` where the run's state does
 * not allow it.
 */
export async function retryRun(
  engine: Engine,
  id: string,
  { from, ...asked }: { from?: string | undefined } & Asked = {},
): Promise<void> {
  followRetry(engine, await controlled(engine, (batch) => retryLocked(engine, batch, id, from), asked))
}

/** What {@link followRetry} has to tell of. */
interface Retried {
  /** As it was before. */
  run: ControlledRun
  /** Indexes of the steps and items that were set back. */
  steps: number[]
  cancelled: ControlledRun[]
  resumed: ControlledRun[]
}

/** {@link retryRun} within a control's transaction; what it throws, it throws before it changes anything. */
export async function retryLocked(
  engine: Engine,
  batch: Database['batch'],
  id: string,
  from?: string,
): Promise<Retried> {
  const tree = await lockTrees({ batch }, [id])
  const run = requireControlled(tree, id)
  const workflow = await engine.versions.get(run.versionId)
  const targets = from === undefined ? null : targetsOf(workflow, from)
  refuseUnfit(run, targets !== null)
  const reset = await resetRun({ batch }, id, targets, workflow.definition.timeout_seconds ?? null)
  if (targets !== null) await voidAnswers({ batch }, id, targets[0]!)
  await noteControl({ batch }, { control: 'retry', changed: [id], asked: [id], fromStep: from })
  const cancelled = await cancelTrees(batch, reset.childRuns, { asked: [] })
  const isCancelled = (other: ControlledRun) => cancelled.some((child) => child.id === other.id)
  // A child that was paused by itself stays so.
  const goingOn = run.status === 'paused' ? tree.filter((other) => other !== run && !isCancelled(other)) : []
  return { run, steps: reset.steps, cancelled, resumed: await resumePaused(batch, goingOn, []) }
}

/** Tells the workers, the streams and the queue of a run that was retried, once that has committed. */
export function followRetry(engine: Engine, { run, steps, cancelled, resumed }: Retried): void {
  engine.changes.whole([run.id])
  sendAborts(engine, [{ run: run.id, epoch: run.epoch + 1, steps }])
  followCancel(engine, cancelled)
  followResume(engine, resumed)
  const { workflowId, concurrencyKey } = run
  const holdsSlot = run.isAdmitted && !isFinished(run.status)
  if (concurrencyKey === null || holdsSlot) dispatchControlled(engine, [run])
  else admitSoon(engine, [{ workflowId, concurrencyKey }])
}

function refuseUnfit(run: ControlledRun, hasFrom: boolean): void {
  if (run.isCompensated) {
    throw refusal(run, 'what its completed steps did has been undone; rerun it instead (POST /runs/{id}/rerun)')
  }
  if (run.status === 'cancelling') throw refusal(run, 'it can be retried once it is cancelled')
  if (hasFrom || run.status === 'failed' || run.status === 'cancelled') return
  const remedy =
    run.status === 'completed' ? 'name the step to repeat it from (`from`), or rerun it' : 'it has not ended'
  throw refusal(run, `only a failed or cancelled run can be retried; ${remedy}`)
}

/** Indexes of the step and of all that depends on it; the step itself is the first. */
function targetsOf(workflow: CompiledWorkflow, from: string): number[] {
  const index = workflow.indexOf.get(from)
  if (index !== undefined) return downstreamOf(workflow.plan.dependents, index)
  const message = `The workflow has no step "${from}"${didYouMean(from, workflow.indexOf.keys()) || '.'}`
  throw new SluiceError('invalid_input', message, { problems: [{ path: '/from', code: 'unknown_step', message }] })
}
