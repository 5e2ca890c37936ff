import type { AttemptKey, Settlement } from '../db/commit.ts'
import { handBackJob, retryJob } from '../queue/control.ts'
import { sendChanges } from './abort.ts'
import type { Activation } from './activate.ts'
import type { EndedAttempt } from './attempts.ts'
import type { GroupCommit, StartMark } from './commit.ts'
import { FIRST_EPOCH } from './dispatch.ts'
import type { Engine } from './engine.ts'
import type { Foreseen } from './foreseen.ts'
import type { Parking } from './parking.ts'
import { AGAIN, OVER, settled, type Place, type Progress } from './progress.ts'
import type { Release } from './release.ts'
import { completionOfRun } from './run-output.ts'
import { failureOf, settlementOf } from './settlements.ts'
import { lookAhead } from './stretch.ts'

/** What {@link Outcomes} work with. */
interface OutcomesParts {
  commits: GroupCommit
  release: Release
  parking: Parking
  foreseen: Foreseen
}

/** Commits how attempts end and how steps settle, and lets go what waits for them. */
export class Outcomes {
  private readonly engine: Engine
  private readonly commits: GroupCommit
  private readonly release: Release
  private readonly parking: Parking
  private readonly foreseen: Foreseen

  constructor(engine: Engine, { commits, release, parking, foreseen }: OutcomesParts) {
    this.engine = engine
    this.commits = commits
    this.release = release
    this.parking = parking
    this.foreseen = foreseen
  }

  /** Commits how an attempt ended, and ends its job where it is to come up again later. */
  async finish(
    { outcome, mark }: EndedAttempt,
    { activation, key, address: job, bull, token }: Place & { activation: Activation; key: AttemptKey },
  ): Promise<Progress> {
    switch (outcome.kind) {
      case 'parked':
        if (mark) {
          mark.dropped = true
          // One that is on its way would say of the run that it is running, behind the parking that says it waits.
          await mark.counted
        }
        await this.parking.commit(outcome, key)
        if (outcome.waitingFor.kind === 'items') this.engine.changes.whole([key.runId])
        else this.engine.changes.step(key.runId, key.stepIndex)
        return AGAIN
      case 'completed': {
        const { result } = outcome
        const runCompletion = completionOfRun(activation, result)
        const due = lookAhead(activation)
        // In a run that was never dispatched anew nobody can have begun them.
        const next = activation.jobEpoch === FIRST_EPOCH ? null : (due[0]?.index ?? null)
        const askedMs = performance.now()
        const { counted, atCommit } = await this.commits.complete({ ...key, ...result, next, runCompletion }, mark)
        if (!counted) return this.fenced(key)
        const foreseen = this.foreseen.behind(activation, { result, due, atCommit, askedMs })
        await this.release.byStep(activation, job)
        return settled({ next: foreseen })
      }
      case 'committed':
        if (mark) mark.dropped = true
        this.engine.changes.step(key.runId, key.stepIndex)
        await this.release.byStep(activation, job)
        return settled()
      case 'fenced':
        return this.fenced(key)
      case 'unknown':
        // Reading again tells: settled, if it committed; if not, this process takes its own attempt over.
        return AGAIN
      case 'cancelled': {
        const settlement = settlementOf({ kind: 'cancel', reason: outcome.reason }, activation, key)
        // Nothing is released: a newer epoch has the steps that depend on it.
        const isCounted = await this.settle({ ...settlement, attempted: true }, mark)
        return isCounted ? OVER : this.fenced(key)
      }
      case 'released':
        await this.commits.release(key)
        return handBackJob(bull, token)
      case 'failed': {
        const settlement = failureOf(outcome, activation, key)
        if (!(await this.settle(settlement, mark))) return this.fenced(key)
        if (settlement.status === 'retrying')
          return retryJob(bull, token, outcome.error.message, settlement.retryAfterMs!)
        await this.release.byStep(activation, job)
        return settled({ failure: outcome.error.message })
      }
    }
  }

  /** Commits how a step settled. Where that stops the run, nothing goes on as foreseen, here or elsewhere. */
  async settle(settlement: Settlement, mark?: StartMark): Promise<boolean> {
    const isCounted = await this.commits.settle(settlement, mark)
    if (isCounted && settlement.halts !== null) {
      this.foreseen.forget(settlement.runId)
      void sendChanges(this.engine, [settlement.runId])
    }
    return isCounted
  }

  private fenced(key: AttemptKey): Progress {
    this.engine.log.warn(
      { run: key.runId, step: key.stepIndex, attempt: key.attempt },
      'another attempt owns the step: this one changed nothing',
    )
    return AGAIN
  }
}
