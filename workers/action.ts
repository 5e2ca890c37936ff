import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Transaction } from '../src/db/client.ts'
import type { Json } from '../src/workflow/definition.ts'

/**
 * What authors of actions need, and all that an action sees. User code imports it as `sluice`:
 *
 * ```ts
 * import { defineAction, z } from 'sluice'
 *
 * export const greet = defineAction({
 *   name: 'greet',
 *   description: 'Says hello',
 *   input: z.object({ name: z.string() }),
 *   output: z.object({ text: z.string() }),
 *   run: async ({ input, log }) => {
 *     log.info('greeting', { name: input.name })
 *     return { text: `Hello, ${input.name}` }
 *   },
 * })
 * ```
 */

export { sql, z }
export type { Json, Transaction }

/** Logs lines that land in `step_logs`, and so in the API and the dashboard. At most 4 KiB of message and 16 KiB of data a line. */
export interface ActionLog {
  debug(message: string, data?: Json): void
  info(message: string, data?: Json): void
  warn(message: string, data?: Json): void
  error(message: string, data?: Json): void
}

/** What one attempt of a step knows. */
export interface ActionContext<Input> {
  /** The step's `input`, resolved and checked against the action's schema. */
  input: Input
  /** The step's `config`, as written in the definition. */
  config: Readonly<Record<string, Json>>
  runId: string
  stepId: string
  /** Name of the workflow. */
  workflow: string
  /** The order attached to the run, or null. */
  orderId: string | null
  /** 1 for the first attempt of the step in its run. */
  attempt: number
  /** The same for every attempt of the step in its run: hand it on to whatever has side effects. */
  idempotencyKey: string
  /** Fires on time-out, cancellation and shutdown; what an action does afterwards counts for nothing. */
  signal: AbortSignal
  log: ActionLog
}

interface ActionBase<Input extends z.ZodType, Output extends z.ZodType> {
  /** What definitions call it by: letters, digits, `.`, `_` and `-`. */
  name: string
  description: string
  input: Input
  output: Output
}

/** May do anything; runs at least once a step. */
export interface Action<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> extends ActionBase<
  Input,
  Output
> {
  kind: 'action'
  run(context: ActionContext<z.output<Input>>): Promise<z.input<Output>>
}

/** Gets the database transaction that its step's result commits in: its effects in Postgres happen exactly once. */
export interface TransactionAction<
  Input extends z.ZodType = z.ZodType,
  Output extends z.ZodType = z.ZodType,
> extends ActionBase<Input, Output> {
  kind: 'transaction'
  transaction(tx: Transaction, context: ActionContext<z.output<Input>>): Promise<z.input<Output>>
}

/** Any action, its types forgotten: what the registry holds. */
export type AnyAction = Action | TransactionAction

/** Declares an action: it runs at least once, so hand `idempotencyKey` on to whatever has side effects. */
export function defineAction<Input extends z.ZodType, Output extends z.ZodType>(
  action: Omit<Action<Input, Output>, 'kind'>,
): Action<Input, Output> {
  return { kind: 'action', ...action }
}

/** Declares a transaction: what it writes through `tx` commits together with the step's result, exactly once. */
export function defineTransaction<Input extends z.ZodType, Output extends z.ZodType>(
  action: Omit<TransactionAction<Input, Output>, 'kind'>,
): TransactionAction<Input, Output> {
  return { kind: 'transaction', ...action }
}

/** Fails the step at once: no retry could help. */
export class PermanentError extends Error {
  override readonly name = 'PermanentError'
  /** A short machine-readable code, shown with the error. */
  readonly code: string

  constructor(message: string, options: { code?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = options.code ?? 'permanent'
  }
}

/** Fails the attempt and asks for the next one, if retries are left, after `afterMs` instead of the step's back-off. */
export class RetryLaterError extends Error {
  override readonly name = 'RetryLaterError'
  readonly afterMs: number

  constructor(message: string, options: { afterMs: number; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.afterMs = options.afterMs
  }
}
