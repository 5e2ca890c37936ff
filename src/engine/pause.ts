import type { Database } from '../db/client.ts'
import { beginPause, endPause, lockTrees, type ControlledRun } from '../db/controls.ts'
import { noteControl } from '../db/run-controls.ts'
import { GOING_RUN_STATUSES, goesOn, type RunStatus } from '../workflow/states.ts'
import { sendChanges } from './abort.ts'
import { controlled, dispatchControlled, refusal, requireControlled, type Asked } from './control.ts'
import type { Engine } from './engine.ts'

/**
 * Pausing and resuming. A paused run starts no further step: all of its jobs are stale. Attempts under way finish and
 * count; what is parked stays parked, and what comes for it meanwhile is there when the run goes on.
 */

/** Pauses a run and its descendants. Throws `not_found`, and `conflict` where it is paused, cancelling or has ended. */
export async function pauseRun(engine: Engine, id: string, asked: Asked = {}): Promise<void> {
  const paused = await controlled(
    engine,
    async (batch) => {
      const runs = await lockTrees({ batch }, [id])
      const run = requireControlled(runs, id)
      if (!goesOn(run.status)) throw refusal(run, 'only a queued, running or waiting run can be paused')
      const ids = idsOf(runs, GOING_RUN_STATUSES)
      await beginPause({ batch }, ids)
      await noteControl({ batch }, { control: 'pause', changed: ids, asked: [id] })
      return ids
    },
    asked,
  )
  await sendChanges(engine, paused)
  engine.changes.runs(paused)
}

/** Lets a paused run and its paused descendants go on. Throws `not_found`, and `conflict` where it is not paused. */
export async function resumeRun(engine: Engine, id: string, asked: Asked = {}): Promise<void> {
  const resumed = await controlled(
    engine,
    async (batch) => {
      const runs = await lockTrees({ batch }, [id])
      const run = requireControlled(runs, id)
      if (run.status !== 'paused') throw refusal(run, 'only a paused run can be resumed')
      return resumePaused(batch, runs, [id])
    },
    asked,
  )
  followResume(engine, resumed)
}

/**
 * Within a control's transaction, lets those of its locked runs go on that are paused: those of `asked`, and those below
 * them. Returns them; when the transaction has committed, {@link followResume} is to be told.
 */
export async function resumePaused(
  batch: Database['batch'],
  runs: readonly ControlledRun[],
  asked: readonly string[],
): Promise<ControlledRun[]> {
  const paused = runs.filter((run) => run.status === 'paused')
  const changed = paused.map((run) => run.id)
  if (changed.length === 0) return []
  await endPause({ batch }, changed)
  await noteControl({ batch }, { control: 'resume', changed, asked })
  return paused
}

/** Tells the streams and the queue which runs go on. */
export function followResume(engine: Engine, runs: readonly ControlledRun[]): void {
  engine.changes.runs(runs.map((run) => run.id))
  dispatchControlled(
    engine,
    runs.filter((run) => run.isAdmitted),
  )
}

function idsOf(runs: readonly ControlledRun[], statuses: readonly RunStatus[]): string[] {
  return runs.filter((run) => statuses.includes(run.status)).map((run) => run.id)
}
