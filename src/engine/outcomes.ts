import type { StepResult } from '../db/commit.ts'
import type { AttemptKey } from '../db/fence.ts'
import type { Settlement } from '../db/settle.ts'
import { isUnstorable } from '../db/retryable.ts'
import { handBackJob, retryJob } from '../queue/control.ts'
import { sendChanges } from './abort.ts'
import type { Activation } from './activate.ts'
import type { EndedAttempt } from './attempts.ts'
import type { GroupCommit, StartMark } from './commit.ts'
import { FIRST_EPOCH } from './dispatch.ts'
import type { Engine } from './engine.ts'
import type { Foreseen } from './foreseen.ts'
import type { Parking } from './parking.ts'
import type { Outcome } from './perform.ts'
import { AGAIN, OVER, settled, type Place, type Progress } from './progress.ts'
import type { Release } from './release.ts'
import { completionOfRun } from './run-output.ts'
import { failureOf, settlementOf } from './settlements.ts'
import { lookAhead } from './stretch.ts'
import { WaitingRuns } from './waiting-runs.ts'

/** What {@link Outcomes} work with. */
interface OutcomesParts {
  commits: GroupCommit
  release: Release
  parking: Parking
  foreseen: Foreseen
}

/** An attempt, and the job that it is of. */
interface Attempted {
  place: Place
  activation: Activation
  key: AttemptKey
}

type OutcomeOf<Kind extends Outcome['kind']> = Extract<Outcome, { kind: Kind }>

/** Commits how attempts end and how steps settle, and lets go what waits for them. */
export class Outcomes {
  private readonly engine: Engine
  private readonly commits: GroupCommit
  private readonly release: Release
  private readonly parking: Parking
  private readonly foreseen: Foreseen
  private readonly waitingRuns: WaitingRuns

  constructor(engine: Engine, { commits, release, parking, foreseen }: OutcomesParts) {
    this.engine = engine
    this.commits = commits
    this.release = release
    this.parking = parking
    this.foreseen = foreseen
    this.waitingRuns = new WaitingRuns(engine)
  }

  /** Commits how an attempt ended, and ends its job where it is to come up again later. */
  async finish(ended: EndedAttempt, attempt: Attempted): Promise<Progress> {
    const progress = await this.commitStorable(ended, attempt)
    const { run, workflow } = attempt.activation
    if (workflow.mayWait) this.waitingRuns.changed(run.id)
    return progress
  }

  /**
   * What Postgres cannot hold is known before it is sent; should something have been missed, the attempt has failed, for to send
   * it again would never end.
   */
  private async commitStorable(ended: EndedAttempt, attempt: Attempted): Promise<Progress> {
    try {
      return await this.commit(ended, attempt)
    } catch (error) {
      if (!isUnstorable(error)) throw error
      const { run, step } = attempt.activation
      this.engine.log.error({ err: error, run: run.id, step: step.id }, 'Postgres cannot hold how an attempt ended')
      const message = `how an attempt of step ${step.id} ended cannot be stored; the log of the worker says why`
      const failure = { error: { code: 'not_storable', message }, retry: false, afterMs: null }
      return this.fail({ kind: 'failed', ...failure }, ended.mark, attempt)
    }
  }

  private commit({ outcome, mark }: EndedAttempt, attempt: Attempted): Promise<Progress> {
    switch (outcome.kind) {
      case 'completed':
        return this.complete(outcome.result, mark, attempt)
      case 'committed':
        return this.releaseCommitted(mark, attempt)
      case 'parked':
        return this.park(outcome, mark, attempt)
      case 'skipped':
        return this.skip(outcome.reason, attempt)
      case 'cancelled':
        return this.cancel(outcome.reason, mark, attempt)
      case 'released':
        return this.handBack(attempt)
      case 'failed':
        return this.fail(outcome, mark, attempt)
      case 'fenced':
        return Promise.resolve(this.fenced(attempt.key))
      case 'unknown':
        // Reading again tells: settled, if it committed; if not, this process takes its own attempt over.
        return Promise.resolve(AGAIN)
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

  private async complete(result: StepResult, mark: StartMark | undefined, attempt: Attempted): Promise<Progress> {
    const { activation, key, place } = attempt
    const runCompletion = completionOfRun(activation, result)
    const due = lookAhead(activation)
    // In a run that was never dispatched anew nobody can have begun them.
    const next = activation.jobEpoch === FIRST_EPOCH ? null : (due[0]?.index ?? null)
    const askedMs = performance.now()
    const { counted, atCommit } = await this.commits.complete({ key, result, next, runCompletion }, mark)
    if (!counted) return this.fenced(key)
    const foreseen = this.foreseen.behind(activation, { result, due, atCommit, askedMs })
    await this.release.byStep(activation, place.address)
    return settled({ next: foreseen })
  }

  private async releaseCommitted(mark: StartMark | undefined, { activation, key, place }: Attempted) {
    if (mark) mark.dropped = true
    this.engine.changes.step(key.runId, key.stepIndex)
    await this.release.byStep(activation, place.address)
    return settled()
  }

  private async park(
    outcome: OutcomeOf<'parked'>,
    mark: StartMark | undefined,
    { activation, key }: Attempted,
  ): Promise<Progress> {
    if (mark) {
      mark.dropped = true
      // One that is on its way would say of the run that it is running, behind the parking that says it waits.
      await mark.counted
    }
    await this.parking.commit(outcome, key, activation)
    if (outcome.waitingFor.kind === 'items') this.engine.changes.whole([key.runId])
    else this.engine.changes.step(key.runId, key.stepIndex)
    return AGAIN
  }

  private async skip(reason: string, { activation, key, place }: Attempted): Promise<Progress> {
    if (!(await this.settle(settlementOf({ kind: 'skip', reason }, activation, key)))) return this.fenced(key)
    await this.release.byStep(activation, place.address)
    return settled()
  }

  private async cancel(reason: string, mark: StartMark | undefined, { activation, key }: Attempted): Promise<Progress> {
    const settlement = settlementOf({ kind: 'cancel', reason }, activation, key)
    // Nothing is released: a newer epoch has the steps that depend on it.
    const isCounted = await this.settle({ ...settlement, attempted: true }, mark)
    return isCounted ? OVER : this.fenced(key)
  }

  private async handBack({ key, place }: Attempted): Promise<Progress> {
    await this.commits.release(key)
    return handBackJob(place.bull, place.token)
  }

  private async fail(outcome: OutcomeOf<'failed'>, mark: StartMark | undefined, attempt: Attempted): Promise<Progress> {
    const { activation, key, place } = attempt
    const { address: job, bull, token } = place
    const settlement = failureOf(outcome, activation, key)
    if (!(await this.settle(settlement, mark))) return this.fenced(key)
    if (settlement.status === 'retrying') return retryJob(bull, token, outcome.error.message, settlement.retryAfterMs!)
    await this.release.byStep(activation, job)
    return settled({ failure: outcome.error.message })
  }

  private fenced(key: AttemptKey): Progress {
    this.engine.log.warn(
      { run: key.runId, step: key.stepIndex, attempt: key.attempt },
      'another attempt owns the step: this one changed nothing',
    )
    return AGAIN
  }
}
