/**
 * What a parked step waits for, as it is stored with the step and shown by `why`. Times are ISO 8601.
 */
export type WaitingFor =
  | { kind: 'timer'; until: string }
  | { kind: 'approval'; approval_id: string }
  | { kind: 'event'; event: string }
  /** A child run. */
  | { kind: 'run'; run_id: string }
  /** The items of a map: rows of their own, whose parent is the map's step. */
  | { kind: 'items'; count: number }
