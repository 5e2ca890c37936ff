import { v7 as uuidv7 } from 'uuid'
import { readChildRun } from '../../db/park.ts'
import { ParentMovedOn } from '../../db/runs.ts'
import { getVersion, getWorkflow } from '../../db/workflows.ts'
import { SluiceError } from '../../errors.ts'
import { resolveBinding } from '../../workflow/bindings.ts'
import type { Json } from '../../workflow/definition.ts'
import { LIMITS } from '../../workflow/limits.ts'
import { stoppedBy } from '../../workflow/decide.ts'
import type { RunStatus } from '../../workflow/states.ts'
import { isFinished } from '../../workflow/states.ts'
import { cancelRuns } from '../cancel.ts'
import { PermanentFailure } from '../permanent-failure.ts'
import { refuseArchived } from '../register.ts'
import { scopeOf } from '../scope.ts'
import { startRuns } from '../start.ts'
import { completed, failed, isDue, park, timedOut, timeoutAt, type ParkContext, type ParkedKind } from './parked.ts'

/**
 * `workflow`: a child run. Its id is chosen when the step parks and the run is started by the first look, so that a crash
 * in between starts it once all the same. Where the failure of another step stops the parent, the child run is cancelled, and
 * the step is skipped once that has ended.
 */
export const childRunKind: ParkedKind = {
  async begin({ activation }) {
    return park({ kind: 'run', run_id: uuidv7() }, timeoutAt(activation))
  },
  async look(context) {
    const { engine, activation } = context
    const { waitingFor } = activation.row
    if (waitingFor?.kind !== 'run') return failed('internal', `step ${activation.step.id} waits for no run`)
    const child = await readChildRun(engine.db, waitingFor.run_id)
    if (child === null) {
      const isStarted = await start(context, waitingFor.run_id)
      return { kind: 'still', wakeAt: isStarted ? timeoutAt(activation) : activation.row.now }
    }
    const { haltedBy } = activation.row
    if (!isFinished(child.status as RunStatus)) {
      if (haltedBy !== null && child.status !== 'cancelling') await cancelRuns(engine, [child.id])
      if (!isDue(timeoutAt(activation), activation)) return { kind: 'still', wakeAt: timeoutAt(activation) }
      await cancelRuns(engine, [child.id])
      return timedOut(activation)
    }
    if (child.status === 'completed')
      return completed(child.output === null ? null : (JSON.parse(child.output) as Json))
    if (child.status === 'cancelled' && haltedBy !== null) return { kind: 'skipped', reason: stoppedBy(haltedBy) }
    const why = child.error === null ? `was ${child.status}` : `failed: ${child.error}`
    return failed('child_failed', `run ${child.id} of workflow ${child.workflowName} ${why}`, true)
  },
}

/** False: the parent is paused or about to end, so the child run is not to begin now. */
async function start({ engine, activation }: ParkContext, id: string): Promise<boolean> {
  const { run, step } = activation
  const { workflow: name, version: pinned } = step.step.config
  if (typeof name !== 'string') throw new PermanentFailure('unknown_workflow', `step ${step.id} names no workflow`)
  if (run.depth + 1 > LIMITS.workflowDepth) {
    throw new PermanentFailure(
      'depth_exceeded',
      `step ${step.id} would start a run ${run.depth + 1} levels deep, more than the limit of ${LIMITS.workflowDepth}: does workflow ${name} contain itself?`,
    )
  }
  const workflow = await getWorkflow(engine.db, name)
  if (workflow === null) throw new PermanentFailure('unknown_workflow', `there is no workflow "${name}"`)
  const number = typeof pinned === 'number' ? pinned : workflow.latestVersion
  const version = await getVersion(engine.db.orm, workflow.id, number)
  if (version === null) throw new PermanentFailure('unknown_workflow', `workflow "${name}" has no version ${number}`)
  const { input } = step.step
  try {
    refuseArchived(workflow)
    await startRuns(engine, { id: version.id, workflowId: workflow.id }, [
      {
        id,
        input: input === undefined ? {} : resolveBinding(input, scopeOf(activation)),
        context: run.context,
        orderId: run.orderId ?? undefined,
        parent: { runId: run.id, stepIndex: step.index, depth: run.depth + 1 },
      },
    ])
    return true
  } catch (error) {
    // What comes of the parent now decides about the step: it is looked at again, or settled by others.
    if (error instanceof ParentMovedOn) return false
    // Somebody else looked at the same moment, and started it.
    if ((await readChildRun(engine.db, id)) !== null) return true
    if (error instanceof SluiceError && error.code !== 'unavailable' && error.code !== 'internal') {
      throw new PermanentFailure(error.code, `workflow ${name} could not be started: ${error.message}`, error)
    }
    throw error
  }
}
