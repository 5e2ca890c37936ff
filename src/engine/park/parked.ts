import type { Json } from '../../workflow/definition.ts'
import type { WaitingFor } from '../../workflow/waiting-for.ts'
import type { Database } from '../../db/client.ts'
import type { StepResult } from '../../db/commit.ts'
import type { Activation, Activations } from '../activate.ts'
import type { Engine } from '../engine.ts'
import type { AttemptContext, Outcome } from '../perform.ts'

/**
 * Steps that wait in the middle. A kind of waiting is two functions: `begin` says what to wait for, `look` whether it is
 * there. Both may be repeated: after a crash, a lost queue or a needless wake-up they find what is in Postgres. How a step
 * is parked in the queue, and woken, is the same for all of them (../execute.ts, ../wake.ts).
 */
export interface ParkedKind {
  /** At the begin of an attempt: parks it, or settles it at once. Throws like an action. */
  begin(context: ParkContext): Promise<Outcome>
  /** When a parked step comes up: how it ends, or {@link Still} waiting. Throws like an action. */
  look(context: ParkContext): Promise<Outcome | Still>
}

/** What a kind of waiting knows of its step. */
export interface ParkContext {
  engine: Engine
  activations: Activations
  activation: Activation
  attempt: AttemptContext
  /** Commits the completion of the step within a transaction; false where it has been settled by someone else. */
  commitWithin: (batch: Database['batch'], result: StepResult) => Promise<boolean>
}

/** What a parked step waits for is not there. */
export interface Still {
  kind: 'still'
  /** When to look again, ISO 8601; null: when woken. */
  wakeAt: string | null
  /** Waits for these steps, which become children of its job, instead of for a gate. */
  items?: readonly ParkedItem[]
}

/** An item that a map waits for; `gated`: the map's concurrency has no room for it yet. */
export interface ParkedItem {
  stepId: string
  gated: boolean
}

/** The outcome that parks an attempt; `within` runs in the same transaction. */
export function park(
  waitingFor: WaitingFor,
  wakeAt: string | null,
  within: (batch: Database['batch']) => Promise<void> = () => Promise.resolve(),
): Outcome {
  return { kind: 'parked', waitingFor, wakeAt, within }
}

/** An end of a parked step that no retry could mend. */
export function failed(code: string, message: string, retry = false): Outcome {
  return { kind: 'failed', error: { code, message }, retry, afterMs: null }
}

/** The completion of a parked step. */
export function completed(output: Json | undefined, branch: string | null = null): Outcome {
  const text = output === undefined || output === null ? null : JSON.stringify(output)
  return {
    kind: 'completed',
    result: { output: text, outputBytes: text === null ? null : Buffer.byteLength(text), branch },
  }
}

/** When a step that began at `from` (Postgres's text) and has `timeout_seconds` gives up, ISO 8601; null: never. */
export function timeoutAt({ step, row }: Activation): string | null {
  const seconds = step.step.timeout_seconds
  return seconds === undefined ? null : after(row.startedAt ?? row.now, seconds)
}

/** The earlier of two times, ISO 8601; null: never. */
export function earlier(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b
  return Date.parse(a) <= Date.parse(b) ? a : b
}

/** `seconds` after a time of Postgres's, ISO 8601. */
export function after(time: string, seconds: number): string {
  return new Date(Date.parse(time) + seconds * 1_000).toISOString()
}

/** Whether a time has come, by Postgres's clock. */
export function isDue(time: string | null, { row }: Activation): boolean {
  return time !== null && Date.parse(time) <= Date.parse(row.now)
}

/** The failure of a step that waited longer than its `timeout_seconds`. */
export function timedOut({ step }: Activation): Outcome {
  return failed('timeout', `the step waited longer than timeout_seconds (${step.step.timeout_seconds})`, true)
}
