import type { Job } from 'bullmq'
import { countLostInARow } from '../db/commit.ts'
import { type AttemptKey } from '../db/fence.ts'
import { delayJob, failJob, handBackJob, isControl, parkJob } from '../queue/control.ts'
import { parseJobAddress, type JobAddress } from '../queue/names.ts'
import type { CompiledStep } from '../workflow/compile.ts'
import { decide, type Decision } from '../workflow/decide.ts'
import type { AbortRequest } from './abort.ts'
import { Activations, type Activation } from './activate.ts'
import { Attempts, type AttemptsOptions } from './attempts.ts'
import { GroupCommit } from './commit.ts'
import { EndedRuns } from './ended-runs.ts'
import type { Engine } from './engine.ts'
import { Foreseen } from './foreseen.ts'
import { Outcomes } from './outcomes.ts'
import { Parking } from './parking.ts'
import { AGAIN, OVER, settled, type Place, type Progress } from './progress.ts'
import { Release } from './release.ts'
import { RunningAttempts } from './running-attempts.ts'
import { factsOf } from './scope.ts'
import { lostTooOften, settlementOf } from './settlements.ts'
import { StepLogs } from './step-logs.ts'
import { firstUnsettled, jobOf, successorOf } from './stretch.ts'

/** How soon a job that finds its step owned by a living worker looks again. */
const LOOK_AGAIN_MS = 500
/** How soon a step whose action this worker does not have is looked at again, by whichever worker is next. */
const OTHER_WORKER_MS = 1_000
/** Attempts of one step that may be lost with their workers, one after the other, before the step counts as what kills them. */
const MAX_LOST_ATTEMPTS = 50

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
  readonly activations: Activations
  readonly ended: EndedRuns
  readonly commit: GroupCommit
  private readonly release: Release
  private readonly logs: StepLogs
  private readonly parking: Parking
  private readonly attempts: Attempts
  private readonly outcomes: Outcomes
  private readonly foreseen = new Foreseen()
  private readonly running = new RunningAttempts()
  private takesMore = true
  private stopping = false

  constructor(options: AttemptsOptions) {
    const { engine } = options
    const { foreseen, running } = this
    this.engine = engine
    this.activations = new Activations(engine)
    this.ended = new EndedRuns(engine, (run) => foreseen.drop(run))
    this.commit = new GroupCommit(engine, this.ended)
    this.release = new Release(engine, { activations: this.activations, ended: this.ended, foreseen, running })
    this.logs = new StepLogs(engine)
    const shared = { commits: this.commit, logs: this.logs }
    this.parking = new Parking({ engine, activations: this.activations, ...shared })
    this.attempts = new Attempts(options, { parking: this.parking, running, ...shared })
    this.outcomes = new Outcomes(engine, {
      commits: this.commit,
      release: this.release,
      parking: this.parking,
      foreseen,
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
  private follow(decision: Decision, activation: Activation, place: Place): Promise<Progress> {
    switch (decision.kind) {
      case 'stale':
        return this.runDry(activation, place)
      case 'settled':
        return this.passOn(activation, place)
      case 'wait':
        return this.park(activation, place)
      case 'skip':
      case 'cancel':
      case 'fail':
        return this.settle(decision, activation, place)
      case 'execute':
        return this.execute(activation, place)
    }
  }

  private async runDry(activation: Activation, { address: job }: Place): Promise<Progress> {
    await this.release.byStaleJob(activation, job)
    return OVER
  }

  /** The step settled before, perhaps by a process that died before it had told anybody. */
  private async passOn(activation: Activation, { address: job }: Place): Promise<Progress> {
    this.engine.changes.step(job.run, activation.step.index)
    await this.release.byStep(activation, job)
    return { kind: 'settled', before: true, failure: null, next: null }
  }

  private async settle(
    decision: Extract<Decision, { kind: 'skip' | 'cancel' | 'fail' }>,
    activation: Activation,
    { address: job, bull, token }: Place,
  ): Promise<Progress> {
    // Its worker has been told to abandon the attempt, and settles the step itself; a dead one does not.
    if (activation.row.status === 'running' && this.attempts.isOwned(activation))
      return delayJob(bull, token, LOOK_AGAIN_MS)
    if (!(await this.outcomes.settle(settlementOf(decision, activation, this.attempts.nextKey(activation)))))
      return AGAIN
    await this.release.byStep(activation, job)
    return settled({ failure: decision.kind === 'fail' ? decision.error.message : null })
  }

  /**
   * A job that came before its dependencies settled waits at a gate of its own. A dependency may settle between the read
   * and the gate, and then nobody opens it: so the state is read once more, and the gate opened if need be.
   */
  private async park({ workflow, step }: Activation, { address, bull, token }: Place): Promise<Progress> {
    const { run } = address
    this.engine.log.info({ run, step: step.id }, 'a job came before its dependencies had settled: it waits')
    const job = jobOf(workflow, step, address)
    await this.engine.queue.addGate(bull, job)
    const again = await this.activations.read(address)
    if (again === null || decide(...factsOf(again)).kind !== 'wait') await this.engine.queue.openGates([job])
    await parkJob(bull, token)
    return AGAIN
  }

  private execute(activation: Activation, place: Place): Promise<Progress> {
    const { row } = activation
    const { bull, token } = place
    if (row.status === 'waiting') return this.resume(activation, place)
    if (row.retryInMs !== null && row.retryInMs > 5) return delayJob(bull, token, row.retryInMs)
    if (this.stopping) return handBackJob(bull, token)
    if (row.status === 'running' && this.attempts.isOwned(activation)) return delayJob(bull, token, LOOK_AGAIN_MS)
    if (!this.attempts.canRun(activation)) return delayJob(bull, token, OTHER_WORKER_MS)
    const key = this.attempts.nextKey(activation)
    // A second job of the same step (someone added one by hand), before the start mark of the first has arrived.
    if (this.running.has(key)) return delayJob(bull, token, LOOK_AGAIN_MS)
    if (row.attempt - row.retryCount > MAX_LOST_ATTEMPTS) return this.executeUnlessLost(activation, place, key)
    return this.perform(activation, place, key)
  }

  private perform(activation: Activation, place: Place, key: AttemptKey): Promise<Progress> {
    return this.attempts.run(activation, key, (ended) => this.outcomes.finish(ended, { place, activation, key }))
  }

  /** For a step with so many attempts besides its retries: they may be of before the run was retried, or lost. */
  private async executeUnlessLost(activation: Activation, place: Place, key: AttemptKey): Promise<Progress> {
    const isLost = (await countLostInARow(this.engine.db, key)) >= MAX_LOST_ATTEMPTS
    return isLost ? this.giveUp(activation, key) : this.perform(activation, place, key)
  }

  private async giveUp(activation: Activation, key: AttemptKey): Promise<Progress> {
    await this.outcomes.settle(lostTooOften(activation, key, MAX_LOST_ATTEMPTS))
    return AGAIN
  }

  /**
   * A parked step comes up: because what it waits for is there, its time is up, or someone meddled. Where there is
   * nothing yet, it waits in the queue again.
   */
  private async resume(activation: Activation, place: Place): Promise<Progress> {
    const { address, bull, token } = place
    const key = { ...this.attempts.nextKey(activation), attempt: activation.row.attempt }
    key.startedAt = activation.row.startedAt ?? activation.row.now
    const look = await this.parking.look(activation, key)
    if (look.kind !== 'still') return this.outcomes.finish({ outcome: look }, { place, activation, key })
    await this.parking.hold(activation, { key, still: look, job: address, bull })
    await parkJob(bull, token)
    // A map whose items the queue holds to be done, although they are not: the sweep dispatches the run anew.
    return look.items === undefined ? AGAIN : delayJob(bull, token, LOOK_AGAIN_MS)
  }
}
