/** Why an attempt's signal fires. */
export class AttemptAborted extends Error {
  override readonly name = 'AttemptAborted'
  readonly why: 'timeout' | 'shutdown' | 'cancelled'

  constructor(why: 'timeout' | 'shutdown' | 'cancelled', message: string) {
    super(message)
    this.why = why
  }
}

/** Ends an attempt from outside. The signal is made when somebody asks for it: steps that only compute never do. */
export class AttemptAbort {
  private firstReason: AttemptAborted | null = null
  private controller: AbortController | null = null

  /** Why the attempt is to end; null: it is not. */
  get reason(): AttemptAborted | null {
    return this.firstReason
  }

  /** Fires when the attempt is to end. */
  get signal(): AbortSignal {
    if (this.controller === null) {
      this.controller = new AbortController()
      if (this.firstReason !== null) this.controller.abort(this.firstReason)
    }
    return this.controller.signal
  }

  /** Ends the attempt; of several reasons the first one counts. */
  abort(reason: AttemptAborted): void {
    this.firstReason ??= reason
    this.controller?.abort(reason)
  }
}
