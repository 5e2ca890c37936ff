import type { AttemptKey } from '../db/fence.ts'
import type { Activation } from './activate.ts'
import { AttemptAbort } from './attempt-abort.ts'
import { attemptContextOf } from './attempt-context.ts'
import type { GroupCommit, StartMark } from './commit.ts'
import { FIRST_EPOCH } from './dispatch.ts'
import type { Engine } from './engine.ts'
import { parkedKindFor } from './park/kinds.ts'
import type { Parking } from './parking.ts'
import { onlyComputes, perform, type ExecutableAction, type Outcome } from './perform.ts'
import { AGAIN, type Progress } from './progress.ts'
import { startTimeout, type RunningAttempts } from './running-attempts.ts'
import { scopeOf } from './scope.ts'
import type { StepLogs } from './step-logs.ts'

/** Whose attempts they are, and what this process can do. */
export interface AttemptsOptions {
  engine: Engine
  /** Row of this process in `workers`. */
  workerId: string
  action: (name: string) => ExecutableAction | undefined
  /** Whether this process may judge others by their silence: {@link Heartbeat.isSteady}. */
  isSteady: () => boolean
}

/** What {@link Attempts} work with. */
interface AttemptsParts {
  commits: GroupCommit
  parking: Parking
  logs: StepLogs
  running: RunningAttempts
}

/** How an attempt ended, with the mark of its start that may still be on its way. */
export interface EndedAttempt {
  outcome: Outcome
  mark?: StartMark | undefined
}

/** The attempts of this process: claims steps, and performs them. */
export class Attempts {
  private readonly options: AttemptsOptions
  private readonly commits: GroupCommit
  private readonly parking: Parking
  private readonly logs: StepLogs
  private readonly running: RunningAttempts

  constructor(options: AttemptsOptions, { commits, parking, logs, running }: AttemptsParts) {
    this.options = options
    this.commits = commits
    this.parking = parking
    this.logs = logs
    this.running = running
  }

  /** Which attempt would be a step's next, by this process. */
  nextKey({ run, step, row }: Activation): AttemptKey {
    return {
      runId: run.id,
      stepIndex: step.index,
      attempt: row.attempt + 1,
      workerId: this.options.workerId,
      startedAt: row.now,
      startsRun: row.runStatus === 'queued' || row.runStatus === 'waiting',
    }
  }

  /** Whether the step's attempt may still be going on: its owner beats, or is this process and has it in hand. */
  isOwned({ run, step, row }: Activation): boolean {
    if (row.workerId === null) return false
    if (row.workerId === this.options.workerId) {
      return this.running.has({ runId: run.id, stepIndex: step.index, attempt: row.attempt })
    }
    if (row.ownerSilentMs === null) return false
    return row.ownerSilentMs <= this.options.engine.lockDurationMs || !this.options.isSteady()
  }

  /** During a deployment only some workers know a new action: the step waits for one of them. */
  canRun({ run, step }: Activation): boolean {
    const { action, engine } = this.options
    if (step.action === null || action(step.action) !== undefined) return true
    engine.log.warn(
      { run: run.id, step: step.id, action: step.action },
      'this worker does not have the action of the step: leaving it to another',
    )
    return false
  }

  /**
   * Claims the step, performs it and has `finish` commit how it ended; {@link AGAIN} when someone else claimed it first. The
   * attempt counts as under way until `finish` is through: a second job of the step would take it for abandoned.
   */
  async run(
    activation: Activation,
    key: AttemptKey,
    finish: (ended: EndedAttempt) => Promise<Progress>,
  ): Promise<Progress> {
    const { workflow, step, jobEpoch, child, row } = activation
    const abort = new AttemptAbort()
    const compensates = child !== null && child.itemIndex === null
    const holdsBack = child === null && workflow.plan.opens[step.index]!.length > 0
    this.running.add({ key, epoch: jobEpoch, compensates, holdsBack, abort })
    const stopTimeout = startTimeout(step, abort)
    try {
      // Beyond the first attempt of the first dispatch somebody else may be about to claim the step, too.
      const isContested = jobEpoch > FIRST_EPOCH || row.attempt > 0
      const mark = isContested || !onlyComputes(step) ? this.commits.start(key) : undefined
      if (isContested && !(await mark?.counted)) return AGAIN
      const outcome = await this.perform(activation, key, abort)
      stopTimeout()
      return await finish({ outcome, mark })
    } finally {
      stopTimeout()
      this.running.delete(key)
    }
  }

  private perform(activation: Activation, key: AttemptKey, abort: AttemptAbort): Promise<Outcome> {
    const { step } = activation
    const kind = parkedKindFor(step.step.type)
    return perform({
      activation,
      scope: scopeOf(activation),
      abort,
      contextOf: () => attemptContextOf(activation, { key, signal: abort.signal, logs: this.logs }),
      action: step.action === null ? undefined : this.options.action(step.action),
      db: this.options.engine.db,
      park: kind && (() => kind.begin(this.parking.contextOf(activation, key, abort.signal))),
      commitWithin: (batch, result) => this.commits.completeWithin({ batch }, { key, result }),
      random: Math.random,
    })
  }
}
