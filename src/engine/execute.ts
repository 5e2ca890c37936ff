import type { Job } from 'bullmq'
import type { AttemptKey, Settlement } from '../db/commit.ts'
import { delayJob, failJob, handBackJob, isControl, parkJob, retryJob } from '../queue/control.ts'
import { parseJobAddress, type JobAddress } from '../queue/names.ts'
import type { CompiledStep } from '../workflow/compile.ts'
import { decide, type Decision } from '../workflow/decide.ts'
import { sendChanges, type AbortRequest } from './abort.ts'
import { Activations, type Activation } from './activate.ts'
import { AttemptAbort } from './attempt-abort.ts'
import { GroupCommit, type StartMark } from './commit.ts'
import { EndedRuns } from './ended-runs.ts'
import { FIRST_EPOCH } from './dispatch.ts'
import { Foreseen } from './foreseen.ts'
import type { Engine } from './engine.ts'
import { parkedKindFor } from './park/kinds.ts'
import { Parking } from './parking.ts'
import { onlyComputes, perform, type AttemptContext, type ExecutableAction, type Outcome } from './perform.ts'
import { completionOfRun } from './run-output.ts'
import { Release } from './release.ts'
import { RunningAttempts, startTimeout } from './running-attempts.ts'
import { factsOf, scopeOf } from './scope.ts'
import { failureOf, lostTooOften, settlementOf } from './settlements.ts'
import { StepLogs } from './step-logs.ts'
import { firstUnsettled, jobOf, lookAhead, successorOf } from './stretch.ts'

/** How soon a job that finds its step owned by a living worker looks again. */
const LOOK_AGAIN_MS = 500
/** How soon a step whose action this worker does not have is looked at again, by whichever worker is next. */
const OTHER_WORKER_MS = 1_000
/** Attempts of one step that may be lost with their workers before the step counts as what kills them. */
const MAX_LOST_ATTEMPTS = 50

/** What a {@link StepExecutor} needs beside the engine. */
export interface ExecutorOptions {
  engine: Engine
  /** Row of this process in `workers`. */
  workerId: string
  action: (name: string) => ExecutableAction | undefined
  /** Whether this process may judge others by their silence: {@link Heartbeat.isSteady}. */
  isSteady: () => boolean
}

/** Where a step is being seen to. */
interface Place {
  address: JobAddress
  /** The job that runs it; its address names the first step of a segment. */
  bull: Job
  token: string
}

/** What came of one look at a step. */
type Progress =
  /** Something changed meanwhile: read again. */
  | { kind: 'again' }
  /** The job has nothing more to do. */
  | { kind: 'over' }
  /** It has settled: `before` by somebody else, or in an earlier life of the job. */
  | { kind: 'settled'; before: boolean; failure: string | null; next: Activation | null }

const AGAIN: Progress = { kind: 'again' }
const OVER: Progress = { kind: 'over' }

function settled({
  failure = null,
  next = null,
}: { failure?: string | null; next?: Activation | null } = {}): Progress {
  return { kind: 'settled', before: false, failure, next }
}

/**
 * Takes a step's job from activation to acknowledgement:
 *
 *     read → decide ─┬─ stale ────────────────────────────────→ open all gates → done
 *                    ├─ settled ──────────────────────────────→ open due gates → done
 *                    ├─ skip, cancel, fail ─→ commit ─────────→ open due gates → done
 *                    ├─ wait ─→ park at a gate
 *                    └─ execute ─┬─ owned by a living worker, or an action of others ─→ look again later
 *                                ├─ parked ─┬─ what it waits for is not there ────────→ park in the queue
 *                                │          └─ it is ─→ commit ─→ open due gates ─────→ done
 *                                └─ claim → perform ─┬─→ commit ─→ open due gates ────→ done
 *                                                    └─→ commit that it waits ────────→ read again
 *
 * The commit comes before the acknowledgement, always. A commit that does not count (the attempt is fenced) leads back
 * to the read: whoever owns the step now has decided, or will.
 */
export class StepExecutor {
  private readonly engine: Engine
  private readonly options: ExecutorOptions
  readonly activations: Activations
  readonly ended: EndedRuns
  readonly commit: GroupCommit
  private readonly release: Release
  private readonly logs: StepLogs
  private readonly parking: Parking
  /** Attempts under way in this process. */
  private readonly running = new RunningAttempts()
  private readonly foreseen = new Foreseen()
  private takesMore = true
  private stopping = false

  constructor(options: ExecutorOptions) {
    this.engine = options.engine
    this.options = options
    this.activations = new Activations(options.engine)
    this.ended = new EndedRuns(options.engine, (run) => this.foreseen.drop(run))
    this.commit = new GroupCommit(options.engine, this.ended)
    this.release = new Release(options.engine, {
      activations: this.activations,
      ended: this.ended,
      foreseen: this.foreseen,
    })
    this.logs = new StepLogs(options.engine)
    this.parking = new Parking({
      engine: options.engine,
      activations: this.activations,
      commits: this.commit,
      attemptOf: (activation, key, signal) => this.contextOf(activation, key, signal),
    })
  }

  /** BullMQ's processor. Returns, or throws one of BullMQ's control errors. */
  async process(job: Job, token: string): Promise<void> {
    const address = parseJobAddress(job.data)
    if (address === null) return
    try {
      await this.take(address, job, token)
    } catch (error) {
      if (isControl(error)) throw error
      this.engine.log.warn(
        { err: error, run: address.run, step: address.step },
        'the step could not be seen to: trying again',
      )
      await delayJob(job, token, LOOK_AGAIN_MS)
    }
  }

  /** Attempts under way, for {@link abort}. */
  list(): (AttemptKey & { epoch: number })[] {
    return this.running.list()
  }

  /** Abandons attempts as others ask for it. */
  abort(request: AbortRequest): void {
    this.foreseen.forget(request.run)
    this.running.abort(request)
  }

  /** Requests may have got lost: those to abandon attempts come again with a heartbeat. */
  missed(): void {
    this.foreseen.forgetAll()
  }

  /** Begins no further step of the jobs under way: they are handed back when the step that they are at has ended. */
  takeNoMore(): void {
    this.takesMore = false
  }

  /** Fires the signals of all attempts and hands their jobs back; attempts to come are handed back at once. */
  releaseAll(): void {
    this.stopping = true
    this.running.releaseAll()
  }

  /** Resolves when every write and every log line has been answered. */
  async drained(): Promise<void> {
    await Promise.all([this.commit.drained(), this.logs.drained()])
  }

  /** Sees to the steps of a job, one after the other. A failure is the job's only when all of them have settled. */
  private async take(first: JobAddress, bull: Job, token: string): Promise<void> {
    let address = first
    let next = bull.attemptsStarted === 1 ? this.foreseen.take(first) : null
    let failure: string | null = null
    for (;;) {
      const activation: Activation | null = next ?? (await this.activations.read(address))
      next = null
      if (activation === null) break
      const decision = decide(...factsOf(activation))
      const progress = await this.follow(decision, activation, { address, bull, token })
      if (progress.kind === 'over') return
      if (progress.kind === 'again') continue
      failure = progress.failure ?? failure
      const step = await this.stepAfter(activation, progress.before)
      if (step === null) {
        await this.release.ofRun(activation)
        break
      }
      if (!this.takesMore) return handBackJob(bull, token)
      address = { ...first, step: step.id }
      next = progress.next
    }
    if (failure !== null) failJob(failure)
  }

  /** The next step of the job. Where a step had settled before, so may have those behind it. */
  private async stepAfter(activation: Activation, before: boolean): Promise<CompiledStep | null> {
    const next = successorOf(activation)
    if (next === null || !before) return next
    return firstUnsettled(this.engine, activation.workflow, { run: activation.run.id, step: next })
  }

  /** Acts on a decision. */
  private async follow(decision: Decision, activation: Activation, place: Place): Promise<Progress> {
    const { address: job, bull, token } = place
    switch (decision.kind) {
      case 'stale':
        await this.release.byStaleJob(activation, job)
        return OVER
      case 'settled':
        // Perhaps by a process that died before it had told anybody.
        this.engine.changes.step(job.run, activation.step.index)
        await this.release.byStep(activation, job)
        return { kind: 'settled', before: true, failure: null, next: null }
      case 'wait':
        await this.park(activation, place)
        return AGAIN
      case 'skip':
      case 'cancel':
      case 'fail':
        // Its worker has been told to abandon the attempt, and settles the step itself; a dead one does not.
        if (activation.row.status === 'running' && this.isOwned(activation)) return delayJob(bull, token, LOOK_AGAIN_MS)
        if (!(await this.settle(settlementOf(decision, activation, this.keyFor(activation))))) return AGAIN
        await this.release.byStep(activation, job)
        return settled({ failure: decision.kind === 'fail' ? decision.error.message : null })
      case 'execute':
        return this.execute(activation, place)
    }
  }

  /**
   * A job that came before its dependencies settled waits at a gate of its own. A dependency may settle between the read
   * and the gate, and then nobody opens it: so the state is read once more, and the gate opened if need be.
   */
  private async park({ workflow, step }: Activation, { address, bull, token }: Place): Promise<void> {
    const { run } = address
    this.engine.log.info({ run, step: step.id }, 'a job came before its dependencies had settled: it waits')
    const job = jobOf(workflow, step, address)
    await this.engine.queue.addGate(bull, job)
    const again = await this.activations.read(address)
    if (again === null || decide(...factsOf(again)).kind !== 'wait') await this.engine.queue.openGates([job])
    await parkJob(bull, token)
  }

  private async execute(activation: Activation, place: Place): Promise<Progress> {
    const { row } = activation
    const { bull, token } = place
    if (row.status === 'waiting') return this.resume(activation, place)
    if (row.retryInMs !== null && row.retryInMs > 5) return delayJob(bull, token, row.retryInMs)
    if (this.stopping) return handBackJob(bull, token)
    if (row.status === 'running' && this.isOwned(activation)) return delayJob(bull, token, LOOK_AGAIN_MS)
    if (!this.hasAction(activation)) return delayJob(bull, token, OTHER_WORKER_MS)
    const key = this.keyFor(activation)
    // A second job of the same step (someone added one by hand), before the start mark of the first has arrived.
    if (this.running.has(key)) return delayJob(bull, token, LOOK_AGAIN_MS)
    if (row.attempt - row.retryCount > MAX_LOST_ATTEMPTS) {
      await this.settle(lostTooOften(activation, key, MAX_LOST_ATTEMPTS))
      return AGAIN
    }
    try {
      const outcome = await this.attempt(activation, key)
      return outcome === null ? AGAIN : await this.finish(outcome, { ...place, activation, key })
    } finally {
      // Not before its end is committed: a second job of the step would take it for abandoned.
      this.running.delete(key)
    }
  }

  /**
   * A parked step comes up: because what it waits for is there, its time is up, or someone meddled. Where there is
   * nothing yet, it waits in the queue again.
   */
  private async resume(activation: Activation, place: Place): Promise<Progress> {
    const { address, bull, token } = place
    const key = { ...this.keyFor(activation), attempt: activation.row.attempt }
    key.startedAt = activation.row.startedAt ?? activation.row.now
    const look = await this.parking.look(activation, key)
    if (look.kind !== 'still') return this.finish({ outcome: look }, { ...place, activation, key })
    await this.parking.hold(activation, { key, still: look, job: address, bull })
    await parkJob(bull, token)
    // A map whose items the queue holds to be done, although they are not: the sweep dispatches the run anew.
    return look.items === undefined ? AGAIN : delayJob(bull, token, LOOK_AGAIN_MS)
  }

  /** Claims the step and executes it; null when someone else claimed it first. */
  private async attempt(
    activation: Activation,
    key: AttemptKey,
  ): Promise<{ outcome: Outcome; mark?: StartMark | undefined } | null> {
    const abort = new AttemptAbort()
    const compensates = activation.child !== null && activation.child.itemIndex === null
    this.running.add({ key, epoch: activation.jobEpoch, compensates, abort })
    const timer = startTimeout(activation.step, abort)
    try {
      const { step } = activation
      const kind = parkedKindFor(step.step.type)
      // Beyond the first attempt of the first dispatch somebody else may be about to claim the step, too.
      const isContested = activation.jobEpoch > FIRST_EPOCH || activation.row.attempt > 0
      const mark = isContested || !onlyComputes(step) ? this.commit.start(key) : undefined
      if (isContested && !(await mark?.counted)) return null
      const outcome = await perform({
        activation,
        scope: scopeOf(activation),
        abort,
        contextOf: () => this.contextOf(activation, key, abort.signal),
        action: step.action === null ? undefined : this.options.action(step.action),
        db: this.engine.db,
        park: kind && (() => kind.begin(this.parking.contextOf(activation, key, abort.signal))),
        commitWithin: (batch, result) => this.commit.completeWithin({ batch }, { ...key, ...result }),
        random: Math.random,
      })
      return { outcome, mark }
    } finally {
      clearTimeout(timer)
    }
  }

  private contextOf({ run, step }: Activation, key: AttemptKey, signal: AbortSignal): AttemptContext {
    return {
      config: step.step.config,
      runId: run.id,
      stepId: step.id,
      workflow: run.workflowName,
      orderId: run.orderId,
      attempt: key.attempt,
      idempotencyKey: `${run.id}.${step.id}`,
      signal,
      log: this.logs.logFor(key),
    }
  }

  /** Commits how an attempt ended, and ends its job where it is to come up again later. */
  private async finish(
    { outcome, mark }: { outcome: Outcome; mark?: StartMark | undefined },
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
        const { counted, atCommit } = await this.commit.complete({ ...key, ...result, next, runCompletion }, mark)
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
        await this.commit.release(key)
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
  private async settle(settlement: Settlement, mark?: StartMark): Promise<boolean> {
    const isCounted = await this.commit.settle(settlement, mark)
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

  /** Whether the step's attempt may still be going on: its owner beats, or is this process and has it in hand. */
  private isOwned({ run, step, row }: Activation): boolean {
    if (row.workerId === null) return false
    if (row.workerId === this.options.workerId) {
      return this.running.has({ runId: run.id, stepIndex: step.index, attempt: row.attempt })
    }
    if (row.ownerSilentMs === null) return false
    return row.ownerSilentMs <= this.engine.lockDurationMs || !this.options.isSteady()
  }

  /** During a deployment only some workers know a new action: the step waits for one of them. */
  private hasAction({ run, step }: Activation): boolean {
    if (step.action === null || this.options.action(step.action) !== undefined) return true
    this.engine.log.warn(
      { run: run.id, step: step.id, action: step.action },
      'this worker does not have the action of the step: leaving it to another',
    )
    return false
  }

  private keyFor({ run, step, row }: Activation): AttemptKey {
    return {
      runId: run.id,
      stepIndex: step.index,
      attempt: row.attempt + 1,
      workerId: this.options.workerId,
      startedAt: row.now,
      startsRun: row.runStatus === 'queued' || row.runStatus === 'waiting',
    }
  }
}
