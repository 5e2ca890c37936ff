import type { Database } from '../db/client.ts'
import { beginCancel, lockTrees, type ControlledRun } from '../db/controls.ts'
import { noteControl } from '../db/run-controls.ts'
import type { StoredError } from '../db/schema.ts'
import { isFinished } from '../workflow/states.ts'
import { sendAborts } from './abort.ts'
import { controlled, dispatchControlled, refusal, requireControlled, type Asked } from './control.ts'
import type { Engine } from './engine.ts'

/**
 * Cancelling. The steps that nobody runs are cancelled in one statement, however many; workers are told to abandon the
 * others; and the run is dispatched anew, so that its root job ends it once the last of them has settled.
 */

/** How {@link cancelRuns} ends the runs. */
interface CancelOptions extends Asked {
  /** The run fails with this error instead of ending cancelled: its time was up. One that has more by now is left alone. */
  stopError?: StoredError | undefined
  /** Those of which somebody asked for it, so that it is written down; left out: nobody did. */
  asked?: readonly string[] | undefined
}

/**
 * Cancels runs and all that descends from them. Runs that have ended, or are being cancelled, are left alone. Returns all
 * of these runs as they were before.
 */
export async function cancelRuns(
  engine: Engine,
  ids: readonly string[],
  options: CancelOptions = {},
): Promise<ControlledRun[]> {
  const runs = await controlled(engine, (batch) => cancelTrees(batch, ids, options), options)
  followCancel(engine, runs)
  return runs
}

/** {@link cancelRuns} within a control's transaction; when that has committed, {@link followCancel} is to be told what this returned. */
export async function cancelTrees(
  batch: Database['batch'],
  ids: readonly string[],
  { stopError, asked }: Pick<CancelOptions, 'stopError' | 'asked'> = {},
): Promise<ControlledRun[]> {
  if (ids.length === 0) return []
  const reason = stopError === undefined ? 'the run was cancelled' : 'the run timed out'
  const runs = await lockTrees({ batch }, ids)
  if (stopError !== undefined) {
    const overdue = runs.filter((run) => run.isOverdue && ids.includes(run.id)).map((run) => run.id)
    if (overdue.length < ids.length) return cancelTrees(batch, overdue, { stopError, asked })
  }
  const due = runs.filter(isCancellable).map((run) => run.id)
  // What a run that times out has started is cancelled like any other.
  const own = stopError === undefined ? due : due.filter((id) => ids.includes(id))
  const below = due.filter((id) => !own.includes(id))
  if (own.length > 0) await beginCancel({ batch }, own, stopError ?? null, reason)
  if (below.length > 0) await beginCancel({ batch }, below, null, 'the run was cancelled')
  if (asked !== undefined) await noteControl({ batch }, { control: 'cancel', changed: due, asked })
  return runs
}

/** Tells the workers, the streams and the queue which runs are being cancelled: `runs` as they were before. */
export function followCancel(engine: Engine, runs: readonly ControlledRun[]): void {
  const cancelled = runs.filter(isCancellable)
  engine.changes.whole(cancelled.map((run) => run.id))
  sendAborts(
    engine,
    cancelled.map((run) => ({ run: run.id, epoch: run.epoch + 1, steps: null })),
  )
  dispatchControlled(engine, cancelled)
}

/** Cancels one run. Throws `not_found`, and `conflict` where it has ended or is being cancelled. */
export async function cancelRun(engine: Engine, id: string, asked: Asked = {}): Promise<void> {
  const run = requireControlled(await cancelRuns(engine, [id], { ...asked, asked: [id] }), id)
  if (run.status === 'cancelling') throw refusal(run, 'it is being cancelled already')
  if (!isCancellable(run)) throw refusal(run, 'it has ended, so there is nothing to cancel')
}

function isCancellable({ status }: ControlledRun): boolean {
  return !isFinished(status) && status !== 'cancelling'
}
