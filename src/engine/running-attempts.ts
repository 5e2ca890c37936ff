import type { AttemptKey } from '../db/fence.ts'
import type { JobAddress } from '../queue/names.ts'
import type { CompiledStep } from '../workflow/compile.ts'
import type { AbortRequest } from './abort.ts'
import { AttemptAborted, type AttemptAbort } from './attempt-abort.ts'
import { abortableDelay } from './delay.ts'

/** One attempt under way in this process. */
interface RunningAttempt {
  key: AttemptKey
  /** Epoch of its job. */
  epoch: number
  /** Whether it undoes another step: cancelling the run does not end it. */
  compensates: boolean
  /** Whether steps elsewhere in the tree wait for its step. */
  holdsBack: boolean
  abort: AttemptAbort
}

/** Which attempt of which step. */
type AttemptName = Pick<AttemptKey, 'runId' | 'stepIndex' | 'attempt'>

/** What the jobs of one dispatch of a run have in common. */
type Flow = Pick<JobAddress, 'run' | 'epoch'>

/** The attempts under way in this process, and their signals. */
export class RunningAttempts {
  private readonly attempts = new Map<string, RunningAttempt>()
  /** Steps that hold others back and have not settled as far as this process knows, by the flow that their jobs are of. */
  private readonly unsettled = new Map<string, Set<number>>()

  add(attempt: RunningAttempt): void {
    const { key, epoch, holdsBack } = attempt
    this.attempts.set(idOf(key), attempt)
    if (!holdsBack) return
    const flow = flowOf({ run: key.runId, epoch })
    const steps = this.unsettled.get(flow)
    if (steps === undefined) this.unsettled.set(flow, new Set([key.stepIndex]))
    else steps.add(key.stepIndex)
  }

  /** A step of a flow has settled, and its job goes on to let go what waits for it. */
  settled(job: Flow, step: number): void {
    const flow = flowOf(job)
    const steps = this.unsettled.get(flow)
    if (steps?.delete(step) === true && steps.size === 0) this.unsettled.delete(flow)
  }

  /** Whether a step of a flow that holds others back, and for which `isMeant` holds, is under way and has not {@link settled}. */
  hasUnsettled(job: Flow, isMeant: (step: number) => boolean): boolean {
    for (const step of this.unsettled.get(flowOf(job)) ?? []) if (isMeant(step)) return true
    return false
  }

  has(name: AttemptName): boolean {
    return this.attempts.has(idOf(name))
  }

  delete(name: AttemptName): void {
    const attempt = this.attempts.get(idOf(name))
    if (attempt === undefined) return
    this.attempts.delete(idOf(name))
    if (attempt.holdsBack) this.settled({ run: name.runId, epoch: attempt.epoch }, name.stepIndex)
  }

  /** All of them, for {@link abort}. */
  list(): (AttemptKey & { epoch: number })[] {
    return [...this.attempts.values()].map(({ key, epoch }) => ({ ...key, epoch }))
  }

  /**
   * Fires the signals of a run's attempts that were begun before `epoch`, or of those of some of its steps only. What
   * ignores its signal is abandoned: it changes nothing any more.
   */
  abort({ run, epoch, steps }: AbortRequest): void {
    for (const attempt of this.attempts.values()) {
      const isMeant = attempt.key.runId === run && attempt.epoch < epoch
      if (!isMeant || (steps === null ? attempt.compensates : !steps.includes(attempt.key.stepIndex))) continue
      attempt.abort.abort(new AttemptAborted('cancelled', 'the run was cancelled while the step was running'))
    }
  }

  /** Fires the signals of all: their jobs are handed back. */
  releaseAll(): void {
    for (const { abort } of this.attempts.values()) abort.abort(new AttemptAborted('shutdown', 'the worker shuts down'))
  }
}

/** Fires an attempt's signal when its step's `timeout_seconds` are over; returns how to stop waiting for that. */
export function startTimeout({ step }: CompiledStep, abort: AttemptAbort): () => void {
  const seconds = step.timeout_seconds
  if (seconds === undefined) return () => undefined
  const stopped = new AbortController()
  const message = `the attempt took longer than timeout_seconds (${seconds})`
  abortableDelay(seconds * 1_000, stopped.signal).then(
    () => abort.abort(new AttemptAborted('timeout', message)),
    () => undefined,
  )
  return () => stopped.abort()
}

function flowOf({ run, epoch }: Flow): string {
  return `${run}.${epoch}`
}

function idOf({ runId, stepIndex, attempt }: AttemptName): string {
  return `${runId}.${stepIndex}.${attempt}`
}
