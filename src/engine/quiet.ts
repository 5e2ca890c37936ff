/** Silence after which a run is looked at: longer than a job needs to come up when workers are free. */
export const QUIET_MS = 4_000
