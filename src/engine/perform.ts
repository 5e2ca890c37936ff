import { TransactionIdle, TransactionLost, type Database, type Transaction } from '../db/client.ts'
import type { StepResult } from '../db/commit.ts'
import { isRetryable } from '../db/retryable.ts'
import type { StoredError } from '../db/schema.ts'
import { messageOf } from '../errors.ts'
import { BindingError } from '../workflow/references.ts'
import { resolveBinding } from '../workflow/bindings.ts'
import { evaluateExpression, ExpressionError, type Scope } from '../workflow/expressions.ts'
import { inputBindingOf, type Json } from '../workflow/definition.ts'
import { LIMITS } from '../workflow/limits.ts'
import { findJsonFault } from '../workflow/json-value.ts'
import type { CompiledStep } from '../workflow/compile.ts'
import { isParkingType } from '../workflow/segments.ts'
import type { WaitingFor } from '../workflow/waiting-for.ts'
import type { Activation } from './activate.ts'
import type { AttemptAbort, AttemptAborted } from './attempt-abort.ts'
import { requireDeclared, requireDeclaredOutcome } from './declared-output.ts'
import { abortableDelay } from './delay.ts'
import { PermanentFailure } from './permanent-failure.ts'

/** Executing one attempt of one step: the simulated work, then what the step's type says. */

/** What an action is told about its attempt, but for its input. */
export interface AttemptContext {
  config: Readonly<Record<string, Json>>
  runId: string
  stepId: string
  workflow: string
  orderId: string | null
  attempt: number
  idempotencyKey: string
  signal: AbortSignal
  log: Record<'debug' | 'info' | 'warn' | 'error', (message: string, data?: Json) => void>
}

/** Checks a value against a schema; throws an Error that says what is wrong. */
type Check = (value: unknown) => unknown

/** An action as the engine runs it; the worker makes these from its registry. */
export type ExecutableAction = { name: string; checkInput: Check; checkOutput: Check } & (
  | { kind: 'action'; run: (context: AttemptContext & { input: unknown }) => Promise<unknown> }
  | {
      kind: 'transaction'
      transaction: (tx: Transaction, context: AttemptContext & { input: unknown }) => Promise<unknown>
    }
)

/** How an attempt ended. */
export type Outcome =
  | { kind: 'completed'; result: StepResult }
  /** A transaction whose effects and result have committed. */
  | { kind: 'committed' }
  /** Another attempt owns the step: what this one did in its transaction was rolled back. */
  | { kind: 'fenced' }
  | { kind: 'failed'; error: StoredError; retry: boolean; afterMs: number | null }
  /** The attempt goes on to wait; `within` runs in the transaction that says so. */
  | {
      kind: 'parked'
      waitingFor: WaitingFor
      /** ISO 8601. */
      wakeAt: string | null
      within: (batch: Database['batch']) => Promise<void>
    }
  /** The run was stopped before all that the step waited for had begun. */
  | { kind: 'skipped'; reason: string }
  /** Its run was cancelled, or its step taken from it. */
  | { kind: 'cancelled'; reason: string }
  /** The worker shuts down. */
  | { kind: 'released' }
  /** Postgres broke during a transaction, or while the step began to wait: whether it committed must be read. */
  | { kind: 'unknown' }

/** What {@link perform} needs. */
export interface Attempt {
  activation: Activation
  scope: Scope
  abort: AttemptAbort
  /** What the action is told. */
  contextOf: () => AttemptContext
  action: ExecutableAction | undefined
  db: Database
  /** Commits a result within the transaction of its action; false when the attempt is fenced. */
  commitWithin: (batch: Database['batch'], result: StepResult) => Promise<boolean>
  /** Parks the attempt, where its type is to wait; undefined for a type that does not. */
  park: (() => Promise<Outcome>) | undefined
  random: () => number
}

/** Executes the attempt. Never rejects: every way to end is an {@link Outcome}. */
export async function perform(attempt: Attempt): Promise<Outcome> {
  const { abort } = attempt
  // What is over before it has begun, because its start mark took so long, is not executed.
  if (abort.reason !== null) return aborted(abort.reason)
  const { step } = attempt.activation
  try {
    const outcome = onlyComputes(step) ? compute(attempt) : await untilAborted(execute(attempt), abort.signal)
    return requireDeclaredOutcome(step, outcome)
  } catch (error) {
    return abort.reason === null ? failure(error) : aborted(abort.reason)
  }
}

/** Whether an attempt of a step is over as soon as it has begun. */
export function onlyComputes(step: CompiledStep): boolean {
  return step.action === null && !isParkingType(step.step.type) && secondsOfWork(step) === 0
}

async function execute(attempt: Attempt): Promise<Outcome> {
  const { action } = attempt.activation.step
  const seconds = secondsOfWork(attempt.activation.step)
  if (seconds > 0) await abortableDelay(seconds * 1_000, attempt.abort.signal)
  if (action === null && attempt.park === undefined) return compute(attempt)
  failAtRandom(attempt)
  return attempt.park ? begunToWait(attempt.park) : runAction(attempt, action!)
}

function compute(attempt: Attempt): Outcome {
  const { step } = attempt.activation.step
  failAtRandom(attempt)
  switch (step.type) {
    case 'parallel':
    case 'join':
      return { kind: 'completed', result: { output: null, outputBytes: null, branch: null } }
    case 'condition':
      return { kind: 'completed', result: evaluateCondition(attempt) }
    case 'transform':
      return {
        kind: 'completed',
        result: storable(step.id, resolveBinding(step.config['output'] ?? null, attempt.scope)),
      }
    default:
      return { kind: 'completed', result: storable(step.id, undefined) }
  }
}

/** A step that is to wait has nothing of its own that could break: where Postgres does meanwhile, the next read tells. */
async function begunToWait(park: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await park()
  } catch (error) {
    if (isRetryable(error)) return { kind: 'unknown' }
    throw error
  }
}

/** `duration_seconds`; a task without an action is one second of work unless it says otherwise. */
function secondsOfWork({ step, action }: CompiledStep): number {
  return numberOf(step.config['duration_seconds']) ?? (step.type === 'task' && action === null ? 1 : 0)
}

/** `fail_probability`. */
function failAtRandom({ activation, random }: Attempt): void {
  const probability = numberOf(activation.step.step.config['fail_probability']) ?? 0
  if (probability > 0 && random() < probability) {
    throw new Error(`simulated failure (fail_probability is ${probability})`)
  }
}

function evaluateCondition({ activation, scope }: Attempt): StepResult {
  const { expression } = activation.step.step.config
  const result = evaluateExpression(typeof expression === 'string' ? expression : '', scope)
  const branch = typeof result === 'string' ? result : typeof result === 'boolean' ? String(result) : null
  if (branch === null) {
    throw new PermanentFailure(
      'condition_result',
      `the expression of ${activation.step.id} is ${JSON.stringify(result)}: a condition must be true, false or a text`,
    )
  }
  return { ...storable(activation.step.id, { result, branch }), branch }
}

async function runAction(attempt: Attempt, name: string): Promise<Outcome> {
  const { action, activation } = attempt
  if (action === undefined) {
    throw new PermanentFailure(
      'unknown_action',
      `the worker that took the step has no action "${name}": load it there (SLUICE_ACTIONS), or give the step a queue whose workers have it`,
    )
  }
  const input = checked(
    action.checkInput,
    resolveInput(attempt),
    'invalid_action_input',
    `the input of ${activation.step.id} does not suit action "${name}"`,
  )
  const finish = (output: unknown) =>
    storable(
      activation.step.id,
      checked(
        action.checkOutput,
        output,
        'invalid_action_output',
        `what action "${name}" returned does not match its own output schema`,
      ),
    )
  const context = { ...attempt.contextOf(), input }
  if (action.kind === 'action') return { kind: 'completed', result: finish(await action.run(context)) }
  return runTransaction(attempt, (tx) => action.transaction(tx, context), finish)
}

/** Effects and result in one database transaction; a fenced attempt rolls back. */
async function runTransaction(
  { activation, db, abort, commitWithin }: Attempt,
  work: (tx: Transaction) => Promise<unknown>,
  finish: (output: unknown) => StepResult,
): Promise<Outcome> {
  try {
    return await db.transaction(async (tx, batch) => {
      const result = requireDeclared(activation.step, finish(await work(tx)))
      if (!(await commitWithin(batch, result))) throw new Fenced()
      return { kind: 'committed' as const }
    }, abort.signal)
  } catch (error) {
    if (error instanceof Fenced) return { kind: 'fenced' }
    if (error instanceof TransactionLost && !(error instanceof TransactionIdle)) return { kind: 'unknown' }
    throw error
  }
}

/** The step's `input` for the data in scope; undefined where the step has none. */
function resolveInput({ activation, scope }: Attempt): Json | undefined {
  const input = inputBindingOf(activation.step.step)
  return input === undefined ? undefined : resolveBinding(input, scope)
}

/** Turns what a step produced into what is stored; throws where it cannot be, which no retry would mend. */
function storable(stepId: string, output: unknown): StepResult {
  if (output === undefined) return { output: null, outputBytes: null, branch: null }
  const fault = findJsonFault(output, LIMITS.jsonDepth)
  if (fault !== null) {
    throw new PermanentFailure(
      'invalid_output',
      `the output of step ${stepId} cannot be stored: ${fault.message} at /${fault.path.join('/')}`,
    )
  }
  const text = JSON.stringify(output)
  const bytes = Buffer.byteLength(text)
  if (bytes > LIMITS.outputBytes) {
    throw new PermanentFailure(
      'output_too_large',
      `the output of step ${stepId} is ${bytes} bytes, more than the limit of ${LIMITS.outputBytes}: store it elsewhere and return a reference to it`,
    )
  }
  return { output: text, outputBytes: bytes, branch: null }
}

function checked(check: Check, value: unknown, code: string, what: string): unknown {
  try {
    return check(value)
  } catch (error) {
    throw new PermanentFailure(code, `${what}: ${messageOf(error)}`, error)
  }
}

class Fenced extends Error {}

function aborted(reason: AttemptAborted): Outcome {
  if (reason.why === 'shutdown') return { kind: 'released' }
  if (reason.why === 'cancelled') return { kind: 'cancelled', reason: reason.message }
  return {
    kind: 'failed',
    error: { message: reason.message, code: reason.why },
    retry: reason.why === 'timeout',
    afterMs: null,
  }
}

/**
 * How an attempt ends that throws. Actions come from other files, perhaps with another copy of our classes: their errors are
 * known by name.
 */
export function failure(error: unknown): Outcome {
  const { name, code, afterMs } = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>
  const permanent =
    error instanceof PermanentFailure ||
    error instanceof BindingError ||
    error instanceof ExpressionError ||
    name === 'PermanentError'
  return {
    kind: 'failed',
    error: {
      message: clean(messageOf(error)) || 'the action failed without a message',
      code:
        error instanceof BindingError
          ? 'binding'
          : error instanceof ExpressionError
            ? 'expression'
            : typeof code === 'string'
              ? clean(code)
              : 'action_failed',
      ...(error instanceof Error && error.stack !== undefined && !permanentOfOurs(error)
        ? { stack: clean(error.stack) }
        : {}),
    },
    retry: !permanent,
    afterMs: name === 'RetryLaterError' ? delayOf(afterMs) : null,
  }
}

function permanentOfOurs(error: Error): boolean {
  return error instanceof PermanentFailure || error instanceof BindingError || error instanceof ExpressionError
}

/** Texts of errors are stored as they are, but for what Postgres refuses (NUL, halves of UTF-16 pairs), and for what is beyond 16 KiB. */
function clean(text: string): string {
  return text
    .replace(/\u0000/g, '\ufffd')
    .slice(0, 16_384)
    .toWellFormed()
}

const LONGEST_DELAY_MS = 10 * 365 * 24 * 3_600_000

/** A delay that an action asks for, no longer than ten years; null, so that the back-off counts, for what is no number. */
function delayOf(afterMs: unknown): number | null {
  return typeof afterMs === 'number' && !Number.isNaN(afterMs) ? Math.min(Math.max(0, afterMs), LONGEST_DELAY_MS) : null
}

function numberOf(value: Json | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined
}

/** Settles with the work, or rejects as soon as the signal fires: what ignores the signal is abandoned. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // Before anything is thrown: that nobody waits for the work any more must not end the process.
  work.catch(() => undefined)
  if (signal.aborted) throw signal.reason
  let onAbort: (() => void) | undefined
  const abort = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([work, abort])
  } finally {
    if (onAbort) signal.removeEventListener('abort', onAbort)
  }
}
