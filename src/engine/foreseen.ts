import { LRUCache } from 'lru-cache'
import type { AtCommit, RunState } from '../db/commit.ts'
import type { JobAddress } from '../queue/names.ts'
import type { CompiledStep } from '../workflow/compile.ts'
import { goesOn } from '../workflow/states.ts'
import type { Activation } from './activate.ts'
import { FIRST_EPOCH } from './dispatch.ts'
import type { StepResult } from './perform.ts'
import { QUIET_MS } from './quiet.ts'
import { activateNext, afterCommit, successorOf } from './stretch.ts'

/** How long what has been told of a run stands in for a read: no longer than until the sweep may dispatch the run anew. */
const FORESEEN_MS = QUIET_MS
const FORESEEN_RUNS = 5_000
const FORESEEN_BYTES = 16 * 1024 * 1024
/** Of a step, roughly, without its output. */
const STEP_BYTES = 300
/** Runs that are remembered to have been forgotten. */
const FORGOTTEN_RUNS = 10_000

/** A run of which a statement has told that steps are due. */
export interface Told {
  run: Pick<Activation, 'run' | 'workflow' | 'jobEpoch'>
  state: RunState
  /** When the statement was asked for, by `performance.now()`. */
  askedMs: number
}

/** How a step completed, the steps that become due with that alone, and what its commit told. */
interface Completed {
  result: StepResult
  due: readonly CompiledStep[]
  atCommit: AtCommit | null
  /** As in {@link Told}. */
  askedMs: number
}

/** What is held of a run. */
interface Held {
  bytes: number
  due: Map<string, { told: Told; step: CompiledStep; sinceMs: number }>
  /** How steps completed in this process, by index. */
  results: Map<number, StepResult>
}

/**
 * Steps that this process has seen become due: the commit of the step before, or the look whether all have settled that a
 * step waits for, has told what there is to decide about them, and where their jobs come up here soon, that spares the read.
 * Held for {@link FORESEEN_MS}, and taken once.
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

  /**
   * What there is to decide about the step that the same job runs behind one that completed; of `due` steps of other jobs it
   * is kept until these come up. `atCommit`: null where that is not known.
   */
  behind(before: Activation, { result, due, atCommit, askedMs }: Completed): Activation | null {
    const { run, workflow, step, child, jobEpoch } = before
    const isFirst = jobEpoch === FIRST_EPOCH
    const hasNext = successorOf(before) !== null
    // A step of another job may look at this one only, or at several.
    const isLookedAt = (due.length > 0 && !hasNext) || (isFirst && workflow.firstShape.hasLateJoin)
    if (child === null && isLookedAt) this.note(run.id, step.index, result)
    if (atCommit === null) return null
    if (!goesOnAs(atCommit.run, jobEpoch)) this.forget(run.id)
    // Where the run was dispatched anew, the commit tells whether somebody has begun the first of them before.
    if (due.length === 0 || !(isFirst || atCommit.isNextDue)) return null
    const after = afterCommit(before, atCommit.run)
    if (hasNext) return activateNext(before, due[0]!, { state: after, resultOf: () => result })
    this.keep({ run: before, state: after, askedMs }, isFirst ? due : due.slice(0, 1))
    return null
  }

  /** Notes how a step of a run completed, for those that depend on it. */
  note(run: string, step: number, result: StepResult): void {
    const held = this.heldOf(run)
    held.results.set(step, result)
    held.bytes += STEP_BYTES + 2 * (result.outputBytes ?? 0)
    this.runs.set(run, held, { size: held.bytes })
  }

  /** Keeps which steps are due, as far as all that they look at has been noted. */
  keep(told: Told, steps: readonly CompiledStep[]): void {
    const run = told.run.run.id
    const forgottenMs = Math.max(this.allForgottenMs, this.forgottenMs.get(run) ?? Number.NEGATIVE_INFINITY)
    if (told.askedMs <= forgottenMs) return
    const held = this.heldOf(run)
    const known = steps.filter(({ dependencies, needs, needsOrder }) => {
      const isNoted = (index: number) => held.results.has(index)
      return !needsOrder && dependencies.every(({ index }) => isNoted(index)) && needs.every(isNoted)
    })
    if (known.length === 0) return
    const sinceMs = performance.now()
    for (const step of known) held.due.set(step.id, { told, step, sinceMs })
    held.bytes += known.length * STEP_BYTES
    this.runs.set(run, held, { size: held.bytes })
  }

  /** What there is to decide about a job that starts for the first time; null where it must be read. */
  take({ run, step: id, epoch }: JobAddress): Activation | null {
    const held = this.runs.get(run)
    const found = held?.due.get(id)
    if (held === undefined || found === undefined) return null
    held.due.delete(id)
    const { told, step, sinceMs } = found
    const elapsedMs = performance.now() - sinceMs
    if (elapsedMs > FORESEEN_MS || told.run.jobEpoch !== epoch) return null
    const state = { ...told.state, now: laterBy(told.state.now, elapsedMs) }
    return activateNext(told.run, step, { state, resultOf: (index) => held.results.get(index)! })
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

  private heldOf(run: string): Held {
    return this.runs.get(run) ?? { bytes: 0, due: new Map(), results: new Map() }
  }
}

/** Whether a run goes on as it was dispatched. */
function goesOnAs({ runStatus, epoch, haltedBy }: RunState, jobEpoch: number): boolean {
  return goesOn(runStatus) && epoch === jobEpoch && haltedBy === null
}

/** A time of Postgres's, as text, so many milliseconds later; its microseconds are kept, a part of a millisecond is not. */
export function laterBy(time: string, elapsedMs: number): string {
  const later = new Date(Date.parse(time) + Math.floor(elapsedMs)).toISOString()
  const micros = /\.\d{3}(\d+)/.exec(time)?.[1] ?? ''
  return later.replace('Z', `${micros}Z`)
}
