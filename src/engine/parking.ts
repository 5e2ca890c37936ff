import type { Job } from 'bullmq'
import type { AttemptKey } from '../db/fence.ts'
import { TransactionLost } from '../db/client.ts'
import { ParkedTooLate, parkStep } from '../db/park.ts'
import { isRetryable } from '../db/retryable.ts'
import type { JobAddress } from '../queue/names.ts'
import { decide } from '../workflow/decide.ts'
import type { Activation, Activations } from './activate.ts'
import { attemptContextOf } from './attempt-context.ts'
import type { GroupCommit } from './commit.ts'
import { requireDeclared, requireDeclaredOutcome } from './declared-output.ts'
import type { Engine } from './engine.ts'
import { parkedKindOf } from './park/kinds.ts'
import type { ParkContext, Still } from './park/parked.ts'
import { failure, type Outcome } from './perform.ts'
import { factsOf } from './scope.ts'
import type { StepLogs } from './step-logs.ts'

/** An attempt that goes on to wait. */
type Parked = Extract<Outcome, { kind: 'parked' }>

/** What a {@link Parking} works with. */
interface ParkingParts {
  engine: Engine
  activations: Activations
  commits: GroupCommit
  logs: StepLogs
}

/** The waiting of steps: in Postgres, with what they wait for, and in the queue, where their jobs are parked. */
export class Parking {
  private readonly parts: ParkingParts

  constructor(parts: ParkingParts) {
    this.parts = parts
  }

  /** What a kind of waiting is handed. */
  contextOf(activation: Activation, key: AttemptKey, signal: AbortSignal): ParkContext {
    const { engine, activations, commits, logs } = this.parts
    return {
      engine,
      activations,
      activation,
      attempt: attemptContextOf(activation, { key, signal, logs }),
      commitWithin: (batch, result) =>
        commits.completeWithin({ batch }, { key, result: requireDeclared(activation.step, result) }),
    }
  }

  /** Commits that an attempt waits, with what belongs to it; what it waits for is then looked at. */
  async commit(
    { waitingFor, wakeAt, within }: Pick<Parked, 'waitingFor' | 'wakeAt'> & Partial<Parked>,
    key: AttemptKey,
    { row }: Pick<Activation, 'row'>,
  ): Promise<void> {
    const insteadOf = row.status === 'waiting' ? row.waitingFor : null
    try {
      await this.parts.engine.db.transaction(async (_tx, batch) => {
        if (await parkStep({ batch }, { ...key, waitingFor, wakeAt, insteadOf })) await within?.(batch)
      })
    } catch (error) {
      // Whether it committed, and what comes of a step that is not to wait any more, the next read tells.
      if (!(error instanceof TransactionLost || error instanceof ParkedTooLate)) throw error
    }
  }

  /** Whether what a parked step waits for is there. Throws only where Postgres does not answer just now. */
  async look(activation: Activation, key: AttemptKey): Promise<Outcome | Still> {
    const kind = parkedKindOf(activation.row.waitingFor)
    try {
      const context = this.contextOf(activation, key, new AbortController().signal)
      return requireDeclaredOutcome(activation.step, await kind.look(context))
    } catch (error) {
      if (isRetryable(error)) throw error
      return failure(error)
    }
  }

  /**
   * Holds the job of a step that waits on: below a gate, or below the items of its map. What came between the look and the
   * gate would open no gate, so there is a second look behind it. The job is then to be parked.
   */
  async hold(
    activation: Activation,
    { key, still, job, bull }: { key: AttemptKey; still: Still; job: JobAddress; bull: Job },
  ): Promise<void> {
    const { engine, activations } = this.parts
    if (still.items !== undefined) {
      return engine.queue.addItems(
        bull,
        job,
        still.items.map((item) => itemOf(activation, item)),
      )
    }
    await this.rewind(activation, key, still)
    const delayMs = still.wakeAt === null ? undefined : Date.parse(still.wakeAt) - Date.parse(activation.row.now)
    await engine.queue.addGate(bull, job, delayMs)
    const again = await activations.read(job)
    const isSame = again !== null && again.row.status === 'waiting' && decide(...factsOf(again)).kind === 'execute'
    if (!isSame || (await this.look(again, key)).kind !== 'still') await engine.queue.openParked([job])
  }

  /** A step that was woken for nothing goes on to wait until its own time. */
  private async rewind(activation: Activation, key: AttemptKey, { wakeAt }: Still): Promise<void> {
    const { row } = activation
    const isEarly = row.wakeInMs !== null && row.wakeInMs <= 0
    if (isEarly) await this.commit({ waitingFor: row.waitingFor!, wakeAt }, key, activation)
  }
}

function itemOf({ step }: Activation, item: { stepId: string; gated: boolean }) {
  const inner = step.itemStep!
  return {
    id: item.stepId,
    gated: item.gated,
    queue: inner.queue,
    priority: inner.priority,
    maxRetries: inner.maxRetries,
  }
}
