import { TransactionLost, type Database } from '../db/client.ts'
import { addPending, dropPending, takePending, type BulkAction, type TakenRun } from '../db/pending-controls.ts'
import { isRetryable } from '../db/retryable.ts'
import { listRunIds, type RunFilter } from '../db/run-queries.ts'
import { SluiceError } from '../errors.ts'
import { LIMITS } from '../workflow/limits.ts'
import { isFinished, RUN_STATUSES, type RunStatus } from '../workflow/states.ts'
import { cancelTrees, followCancel } from './cancel.ts'
import { controlled, refuseGone, type Asked } from './control.ts'
import type { Engine } from './engine.ts'
import { followRetry, retryLocked } from './retry-run.ts'

/**
 * Controls of many runs. What is to be done to which runs is in Postgres before it is answered; then it is carried out, a few
 * runs at a time, each with the row that asks for it: by the process that answered, and where that dies by the reconciler.
 */

/** Runs of one transaction: few enough that their workers wait for their rows a moment only. */
const RUNS_AT_ONCE: Readonly<Record<BulkAction, number>> = { cancel: 100, retry: 1 }

/** The statuses of the runs that an action is for; others do not match. */
const SUITABLE: Readonly<Record<BulkAction, readonly RunStatus[]>> = {
  cancel: RUN_STATUSES.filter((status) => !isFinished(status) && status !== 'cancelling'),
  retry: ['failed', 'cancelled'],
}

/**
 * Has something done to the newest runs that a filter finds, and returns how many these are. They are seen to behind the answer,
 * whatever happens to this process. With `dryRun` nothing happens.
 */
export async function bulkControl(
  engine: Engine,
  action: BulkAction,
  filter: Omit<RunFilter, 'before' | 'limit'>,
  { dryRun, ...asked }: { dryRun: boolean } & Asked,
): Promise<number> {
  const { statuses = RUN_STATUSES } = filter
  const suitable = SUITABLE[action].filter((status) => statuses.includes(status))
  if (suitable.length === 0) return 0
  const undone = action === 'cancel'
  const ids = await listRunIds(engine.db, { ...filter, statuses: suitable, undone, limit: LIMITS.bulkRuns })
  if (dryRun || ids.length === 0) return ids.length
  refuseGone(asked)
  await addPending(engine.db, action, ids)
  void carryOutPending(engine)
  return ids.length
}

/**
 * Carries out what was asked for of many runs, by whichever process, until nothing of it is left that nobody else has in hand, or
 * `isOver`. Never rejects: what cannot be done while Postgres is away stays, and what can never be done is logged and dropped.
 */
export async function carryOutPending(engine: Engine, isOver: () => boolean = () => false): Promise<void> {
  try {
    for (const action of ['cancel', 'retry'] as const) {
      let [done, most] = [0, RUNS_AT_ONCE[action]]
      do {
        if (isOver()) return
        const next = await carryOutNext(engine, action, most)
        // Of runs that cannot be seen to together, it is found out which one it is.
        if (next.isPoisoned) most = 1
        done = next.runs
      } while (done > 0)
    }
  } catch (error) {
    engine.log.warn({ err: error }, 'runs could not be controlled yet: the reconciler will do it')
  }
}

/** Sees to the next runs, `most` at most; how many these were. */
async function carryOutNext(
  engine: Engine,
  action: BulkAction,
  most: number,
): Promise<{ runs: number; isPoisoned: boolean }> {
  let taken: TakenRun[] = []
  try {
    const follow = await controlled(engine, async (batch) => {
      taken = await takePending({ batch }, action, most)
      const due = taken.filter((run) => !run.isRetried).map((run) => run.id)
      return action === 'cancel' ? cancelTaken(engine, batch, due) : retryTaken(engine, batch, due)
    })
    follow()
    return { runs: taken.length, isPoisoned: false }
  } catch (error) {
    if (error instanceof TransactionLost || isRetryable(error) || taken.length === 0) throw error
    if (taken.length === 1) {
      const ids = taken.map((run) => run.id)
      engine.log.error({ err: error, action, run: ids[0] }, 'a run could not be controlled: leaving it as it is')
      await dropPending(engine.db, action, ids)
    }
    return { runs: taken.length, isPoisoned: taken.length > 1 }
  }
}

/** Both resolve to what is to follow once the transaction has committed. */
async function cancelTaken(engine: Engine, batch: Database['batch'], ids: readonly string[]): Promise<() => void> {
  const runs = await cancelTrees(batch, ids, { asked: ids })
  return () => followCancel(engine, runs)
}

async function retryTaken(engine: Engine, batch: Database['batch'], ids: readonly string[]): Promise<() => void> {
  const [id] = ids
  if (id === undefined) return () => undefined
  try {
    const retried = await retryLocked(engine, batch, id)
    return () => followRetry(engine, retried)
  } catch (error) {
    // Somebody else has seen to it meanwhile.
    if (error instanceof SluiceError) return () => undefined
    throw error
  }
}
