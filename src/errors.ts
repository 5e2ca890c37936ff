/**
 * The one error class of the product. Every message says what went wrong, where, and what to do about it.
 * Waiting, skipping and cancelling are return values, never errors.
 */

/** One thing wrong with an input: where (JSON Pointer), which rule, and what to do. */
export interface InputProblem {
  path: string
  code: string
  message: string
}

/** HTTP status and title of each code: RFC 9457 problems are made from this map, exhaustively. */
export const ERROR_KINDS = {
  invalid_input: { status: 422, title: 'The input is not valid' },
  invalid_definition: { status: 422, title: 'The workflow definition is not valid' },
  not_supported: { status: 422, title: 'This definition cannot run yet' },
  malformed_request: { status: 400, title: 'The request cannot be read' },
  not_found: { status: 404, title: 'Not found' },
  conflict: { status: 409, title: 'The state does not allow this' },
  version_mismatch: { status: 412, title: 'Someone changed it meanwhile' },
  idempotency_mismatch: { status: 422, title: 'The idempotency key belongs to another request' },
  body_too_large: { status: 413, title: 'The request body is too large' },
  unsupported_media_type: { status: 415, title: 'The content type is not supported' },
  method_not_allowed: { status: 405, title: 'The method is not allowed here' },
  unauthorized: { status: 401, title: 'The signature or token is not valid' },
  timed_out: { status: 504, title: 'It did not end in time' },
  unavailable: { status: 503, title: 'A part of the service is not available' },
  forbidden: { status: 403, title: 'This is not allowed' },
  invalid_config: { status: 500, title: 'The configuration is not valid' },
  internal: { status: 500, title: 'Something went wrong on our side' },
} as const satisfies Record<string, { status: number; title: string }>

export type ErrorCode = keyof typeof ERROR_KINDS

/** An error with a code of the closed list above; `problems` names the places where input was at fault. */
export class SluiceError extends Error {
  override readonly name = 'SluiceError'
  readonly code: ErrorCode
  readonly problems: readonly InputProblem[]
  /** Of a conflict: the state that the thing is in now, where that is what is in the way. */
  readonly state: string | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options: { problems?: readonly InputProblem[]; state?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.problems = options.problems ?? []
    this.state = options.state
  }
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
