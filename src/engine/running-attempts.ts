import type { AttemptKey } from '../db/commit.ts'
import type { CompiledStep } from '../workflow/compile.ts'
import type { AbortRequest } from './abort.ts'
import { AttemptAborted, type AttemptAbort } from './attempt-abort.ts'

/** One attempt under way in this process. */
interface RunningAttempt {
  key: AttemptKey
  /** Epoch of its job. */
  epoch: number
  /** Whether it undoes another step: cancelling the run does not end it. */
  compensates: boolean
  abort: AttemptAbort
}

/** Which attempt of which step. */
type AttemptName = Pick<AttemptKey, 'runId' | 'stepIndex' | 'attempt'>

/** The attempts under way in this process, and their signals. */
export class RunningAttempts {
  private readonly attempts = new Map<string, RunningAttempt>()

  add(attempt: RunningAttempt): void {
    this.attempts.set(idOf(attempt.key), attempt)
  }

  has(name: AttemptName): boolean {
    return this.attempts.has(idOf(name))
  }

  delete(name: AttemptName): void {
    this.attempts.delete(idOf(name))
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

/** Fires an attempt's signal when its step's `timeout_seconds` are over. */
export function startTimeout({ step }: CompiledStep, abort: AttemptAbort): NodeJS.Timeout | undefined {
  const seconds = step.timeout_seconds
  if (seconds === undefined) return undefined
  const message = `the attempt took longer than timeout_seconds (${seconds})`
  return setTimeout(() => abort.abort(new AttemptAborted('timeout', message)), Math.min(seconds * 1_000, 2 ** 31 - 1))
}

function idOf({ runId, stepIndex, attempt }: AttemptName): string {
  return `${runId}.${stepIndex}.${attempt}`
}
