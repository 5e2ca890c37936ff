import { beginPause, endPause, lockTrees, type ControlledRun } from '../db/controls.ts'
import { GOING_RUN_STATUSES, goesOn, type RunStatus } from '../workflow/states.ts'
import { sendChanges } from './abort.ts'
import { controlled, dispatchControlled, refusal, requireControlled } from './control.ts'
import type { Engine } from './engine.ts'

/**
 * Pausing and resuming. A paused run starts no further step: all of its jobs are stale. Attempts under way finish and
 * count; what is parked stays parked, and what comes for it meanwhile is there when the run goes on.
 */

/** Pauses a run and its descendants. Throws `not_found`, and `conflict` where it is paused, cancelling or has ended. */
export async function pauseRun(engine: Engine, id: string): Promise<void> {
  const paused = await controlled(engine, async (batch) => {
    const runs = await lockTrees({ batch }, [id])
    const run = requireControlled(runs, id)
    if (!goesOn(run.status)) throw refusal(run, 'only a queued, running or waiting run can be paused')
    const ids = idsOf(runs, GOING_RUN_STATUSES)
    await beginPause({ batch }, ids)
    return ids
  })
  await sendChanges(engine, paused)
  engine.changes.runs(paused)
}

/** Lets a paused run and its paused descendants go on. Throws `not_found`, and `conflict` where it is not paused. */
export async function resumeRun(engine: Engine, id: string): Promise<void> {
  const runs = await controlled(engine, async (batch) => {
    const locked = await lockTrees({ batch }, [id])
    const run = requireControlled(locked, id)
    if (run.status !== 'paused') throw refusal(run, 'only a paused run can be resumed')
    await endPause({ batch }, idsOf(locked, ['paused']))
    return locked
  })
  engine.changes.runs(idsOf(runs, ['paused']))
  dispatchControlled(
    engine,
    runs.filter((run) => run.status === 'paused' && run.isAdmitted),
  )
}

function idsOf(runs: readonly ControlledRun[], statuses: readonly RunStatus[]): string[] {
  return runs.filter((run) => statuses.includes(run.status)).map((run) => run.id)
}
