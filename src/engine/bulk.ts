import { listRunIds, type RunFilter } from '../db/run-queries.ts'
import { SluiceError } from '../errors.ts'
import { LIMITS } from '../workflow/limits.ts'
import { isFinished, RUN_STATUSES, type RunStatus } from '../workflow/states.ts'
import { cancelRuns } from './cancel.ts'
import type { Engine } from './engine.ts'
import { retryRun } from './retry-run.ts'

/** What can be done to many runs at once. */
type BulkAction = 'cancel' | 'retry'

/** Runs of one transaction: few enough that their workers wait for their rows a moment only. */
const RUNS_PER_BATCH = 100

/** The statuses of the runs that an action is for; others do not match. */
const SUITABLE: Readonly<Record<BulkAction, readonly RunStatus[]>> = {
  cancel: RUN_STATUSES.filter((status) => !isFinished(status) && status !== 'cancelling'),
  retry: ['failed', 'cancelled'],
}

/**
 * Does something to the newest runs that a filter finds, and returns how many these are. They are seen to after that, in
 * batches; a process that dies meanwhile leaves the rest as they were. With `dryRun` nothing happens.
 */
export async function bulkControl(
  engine: Engine,
  action: BulkAction,
  filter: Omit<RunFilter, 'before' | 'limit'>,
  { dryRun }: { dryRun: boolean },
): Promise<number> {
  const { statuses = RUN_STATUSES } = filter
  const suitable = SUITABLE[action].filter((status) => statuses.includes(status))
  if (suitable.length === 0) return 0
  const undone = action === 'cancel'
  const ids = await listRunIds(engine.db, { ...filter, statuses: suitable, undone, limit: LIMITS.bulkRuns })
  if (!dryRun) void seeTo(engine, action, ids)
  return ids.length
}

async function seeTo(engine: Engine, action: BulkAction, ids: readonly string[]): Promise<void> {
  for (let start = 0; start < ids.length; start += RUNS_PER_BATCH) {
    const batch = ids.slice(start, start + RUNS_PER_BATCH)
    try {
      if (action === 'cancel') await cancelRuns(engine, batch, { asked: batch })
      else for (const id of batch) await retryUnlessChanged(engine, id)
    } catch (error) {
      engine.log.error({ err: error, action, runs: batch.length, first: batch[0] }, 'runs could not be controlled')
    }
  }
}

/** A run that somebody else has seen to meanwhile is left as it is. */
async function retryUnlessChanged(engine: Engine, id: string): Promise<void> {
  try {
    await retryRun(engine, id)
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
  }
}
