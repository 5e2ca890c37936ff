/** A failure that no retry could mend. */
export class PermanentFailure extends Error {
  override readonly name = 'PermanentFailure'
  readonly code: string

  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
