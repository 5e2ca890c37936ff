import type { ControlledRun } from '../db/controls.ts'
import { TransactionLost, type Database, type Transaction } from '../db/client.ts'
import { SluiceError } from '../errors.ts'
import { redispatch } from './dispatch.ts'
import type { Engine } from './engine.ts'

/**
 * What all controls of runs have in common. A control is one transaction: it locks its runs, looks at the state they are
 * in, and changes those that the control is for. So of two operators who act at once one finds what the other has done,
 * and is refused.
 */

/** How often a control that collided with the commits of workers is tried again. */
const TRIES = 5

/** Who asks for a control. */
export interface Asked {
  /**
   * Fires when whoever asked has gone away. What has not been done by then is not done: they may have asked once more,
   * while the process that was asked first was frozen, and done something else since.
   */
  signal?: AbortSignal | undefined
}

/** Runs a control in a transaction; one that was the victim of a deadlock is repeated. Throws `timed_out` where nobody waits for it any more. */
export async function controlled<T>(
  engine: Engine,
  work: (batch: Database['batch'], tx: Transaction) => Promise<T>,
  asked: Asked = {},
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await engine.db.transaction(async (tx, batch) => {
        const done = await work(batch, tx)
        refuseGone(asked)
        return done
      })
    } catch (error) {
      if (!isDeadlock(error) || tries >= TRIES) throw error
    }
  }
}

function isDeadlock(error: unknown): boolean {
  const { cause } = error as { cause?: unknown }
  const code = (cause as { code?: unknown } | undefined)?.code
  if (code === '40P01') return true
  return (error instanceof TransactionLost || cause !== undefined) && cause instanceof Error && isDeadlock(cause)
}

/** Throws `timed_out` where whoever asked has gone away. */
export function refuseGone({ signal }: Asked): void {
  if (signal?.aborted === true) throw new SluiceError('timed_out', 'Nobody waits for the answer: nothing was done.')
}

/** Brings runs to the queue that a control has changed, in the background; what goes wrong the reconciler makes up for. */
export function dispatchControlled(engine: Engine, runs: readonly Pick<ControlledRun, 'id'>[]): void {
  if (runs.length === 0) return
  const ids = runs.map((run) => run.id)
  redispatch(engine, ids).catch((error: unknown) =>
    engine.log.warn({ err: error, runs: ids.length }, 'controlled runs were not dispatched: the reconciler will do it'),
  )
}

/** The run that a control is for. Throws `not_found`. */
export function requireControlled(runs: readonly (ControlledRun | null)[], id: string): ControlledRun {
  const run = runs.find((found) => found?.id === id)
  if (run === undefined || run === null) throw new SluiceError('not_found', `There is no run "${id}".`)
  return run
}

/** A control that the state of its run does not allow; `state` tells which that is. */
export function refusal(run: Pick<ControlledRun, 'id' | 'status'>, why: string): SluiceError {
  return new SluiceError('conflict', `Run ${run.id} is ${run.status}: ${why}.`, { state: run.status })
}
