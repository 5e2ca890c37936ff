import { LRUCache } from 'lru-cache'
import type { AtCommit, RunMoment, StepResult } from '../db/commit.ts'
import type { JobAddress } from '../queue/names.ts'
import type { CompiledStep, CompiledWorkflow } from '../workflow/compile.ts'
import { goesOn } from '../workflow/states.ts'
import type { Activation } from './activate.ts'
import { FIRST_EPOCH } from './dispatch.ts'
import { PostgresTime } from './postgres-time.ts'
import { QUIET_MS } from './quiet.ts'
import { activateNext, afterCommit, successorOf } from './stretch.ts'

/** How long what was told of a run last stands in for a read: no longer than until the sweep may dispatch the run anew. */
const FORESEEN_MS = QUIET_MS
const FORESEEN_RUNS = 5_000
const FORESEEN_BYTES = 64 * 1024 * 1024
/** Of a step, roughly, without its output. */
const STEP_BYTES = 300
/** Runs that are remembered to have been forgotten. */
const FORGOTTEN_RUNS = 10_000

/** How a run is, as a statement has told. */
export interface ToldState {
  state: RunMoment
  /** When the statement was asked for, by `performance.now()`. */
  askedMs: number
}

/** What a statement has told of a run. */
export interface Told extends ToldState {
  run: Pick<Activation, 'run' | 'workflow' | 'jobEpoch'>
}

/** How a step completed, the steps that become due with that alone, and what its commit told. */
interface Completed {
  result: StepResult
  due: readonly CompiledStep[]
  atCommit: AtCommit | null
  /** As in {@link Told}. */
  askedMs: number
}

/** What is held of a run at one epoch. */
interface Held {
  epoch: number
  bytes: number
  /** The newest; null: nothing yet. */
  told: Told | null
  due: Map<string, CompiledStep>
  /** How steps completed in this process, by index. */
  results: Map<number, StepResult>
}

/**
 * Steps that this process has seen become due: the commit of the step before, or the look whether all have settled that a
 * step waits for, has told what there is to decide about them, and where their jobs come up here, that spares the read.
 * Good as long as a statement of the last {@link FORESEEN_MS} has told how the run is, and taken once.
 *
 * It may be outdated, like any read by the time that it is acted on; what then must not count is fenced. Whoever changes a
 * run otherwise than by its steps has it forgotten, so does a failure that stops the run, and so does the next commit here
 * that finds the run changed. It is for the first start of a job only: whatever else can have happened to the step has had
 * its job started.
 */
export class Foreseen {
  private readonly runs = new LRUCache<string, Held>({ max: FORESEEN_RUNS, maxSize: FORESEEN_BYTES })
  /** When runs were forgotten: what was asked of them before counts no more. */
  private readonly forgottenMs = new LRUCache<string, number>({ max: FORGOTTEN_RUNS })
  private allForgottenMs = Number.NEGATIVE_INFINITY
  private readonly time = new PostgresTime()

  /**
   * What there is to decide about the step that the same job runs behind one that completed; for `due` steps of other jobs
   * this is held until they come up. `atCommit`: null where that is not known.
   */
  behind(before: Activation, { result, due, atCommit, askedMs }: Completed): Activation | null {
    const { run, workflow, step, child, jobEpoch } = before
    const isFirst = jobEpoch === FIRST_EPOCH
    const hasNext = successorOf(before) !== null
    // Steps of other jobs may look at this one only, or wait for several; a late one may look further up.
    const isLookedAt = isFirst ? !hasNext || workflow.firstShape.hasLateJoin : !hasNext && due.length > 0
    const hasDependents = child === null && workflow.plan.dependents[step.index]!.length > 0
    if (isLookedAt && hasDependents) this.note({ run: run.id, epoch: jobEpoch }, step.index, result)
    if (atCommit === null) return null
    if (!goesOnAs(atCommit.run, jobEpoch)) this.forget(run.id)
    const told = { run: { run, workflow, jobEpoch }, state: afterCommit(before, atCommit.run), askedMs }
    const isNews = this.learn(told)
    // Where the run was dispatched anew, the commit tells whether somebody has begun the first of them before.
    if (due.length === 0 || !(isFirst || atCommit.isNextDue)) return null
    if (hasNext) return activateNext(before, due[0]!, { state: told.state, resultOf: () => result })
    const own = isFirst ? due.filter(({ index }) => workflow.firstShape.late[index]) : due.slice(0, 1)
    if (isNews) this.hold(told.run, own)
    return null
  }

  /** Notes how a step of a run completed, for those that depend on it. */
  note({ run, epoch }: Pick<JobAddress, 'run' | 'epoch'>, step: number, result: StepResult): void {
    const held = this.heldOf(run, epoch)
    held.results.set(step, result)
    held.bytes += STEP_BYTES + 2 * (result.outputBytes ?? 0)
    this.runs.set(run, held, { size: held.bytes })
  }

  /** Keeps which steps are due, as far as all that they look at has been noted. */
  keep(told: Told, steps: readonly CompiledStep[]): void {
    if (this.learn(told)) this.hold(told.run, steps)
  }

  /** What was told last of a run, where all of these steps completed here; null: that must be read. */
  toldIfCompleted({ run, epoch }: Pick<JobAddress, 'run' | 'epoch'>, steps: readonly number[]): Told | null {
    const held = this.runs.get(run)
    if (held?.epoch !== epoch) return null
    return steps.every((index) => held.results.has(index)) ? held.told : null
  }

  /** What there is to decide about a job that starts for the first time; null where it must be read. */
  take({ run, step: id, epoch }: JobAddress): Activation | null {
    const held = this.runs.get(run)
    if (held?.epoch !== epoch || held.told === null) return null
    const { told, results } = held
    const step = held.due.get(id) ?? readyInFlow(held, told.run.workflow, id)
    held.due.delete(id)
    if (step === null || performance.now() - told.askedMs > FORESEEN_MS) return null
    const state = { ...told.state, now: this.time.now() }
    return activateNext(told.run, step, { state, resultOf: (index) => results.get(index)! })
  }

  /** Lets go of a run of which no further step is due. */
  drop(run: string): void {
    this.runs.delete(run)
  }

  /** Forgets a run that does not go on as foreseen. */
  forget(run: string): void {
    this.runs.delete(run)
    this.forgottenMs.set(run, performance.now())
  }

  /** Forgets everything: it may have missed of which runs it should. */
  forgetAll(): void {
    this.runs.clear()
    this.allForgottenMs = performance.now()
  }

  /** Takes in how a run is; false: it was asked for before the run was forgotten. */
  private learn(told: Told): boolean {
    const { run, state, askedMs } = told
    if (askedMs <= Math.max(this.allForgottenMs, this.forgottenMs.get(run.run.id) ?? Number.NEGATIVE_INFINITY))
      return false
    this.time.tell(state.now)
    const held = this.runs.get(run.run.id)
    if (held?.epoch === run.jobEpoch && (held.told === null || held.told.askedMs < askedMs)) held.told = told
    return true
  }

  /** Holds steps of a run of which something has been noted. */
  private hold({ run, jobEpoch }: Told['run'], steps: readonly CompiledStep[]): void {
    const held = this.runs.get(run.id)
    if (held?.epoch !== jobEpoch) return
    const known = steps.filter((step) => looksAtNoted(step, held))
    if (known.length === 0) return
    for (const step of known) held.due.set(step.id, step)
    held.bytes += known.length * STEP_BYTES
    this.runs.set(run.id, held, { size: held.bytes })
  }

  private heldOf(run: string, epoch: number): Held {
    const held = this.runs.get(run)
    return held?.epoch === epoch ? held : { epoch, bytes: 0, told: null, due: new Map(), results: new Map() }
  }
}

/**
 * A step of the flow that a run began with, where all that it looks at has completed here: its job was added once, so if that starts
 * for the first time, nobody has begun the step. A late step's may have been added twice.
 */
function readyInFlow(held: Held, { steps, indexOf, firstShape }: CompiledWorkflow, id: string): CompiledStep | null {
  const step = steps[indexOf.get(id) ?? -1]
  const isInFlow = step !== undefined && held.epoch === FIRST_EPOCH && !firstShape.late[step.index]!
  return isInFlow && looksAtNoted(step, held) ? step : null
}

/** Whether it has been noted how everything completed that a step looks at. */
function looksAtNoted({ dependencies, needs, needsOrder }: CompiledStep, { results }: Held): boolean {
  return (
    !needsOrder && dependencies.every(({ index }) => results.has(index)) && needs.every((index) => results.has(index))
  )
}

/** Whether a run goes on as it was dispatched. */
function goesOnAs({ runStatus, epoch, haltedBy }: RunMoment, jobEpoch: number): boolean {
  return goesOn(runStatus) && epoch === jobEpoch && haltedBy === null
}
