/**
 * What becomes of a difference between Postgres and the queue that was to be repaired: its run was dispatched anew, its job
 * is gone, or left to the worker that holds it; or the queue refused.
 */
export const REPAIRS = ['dispatched', 'removed', 'held', 'none'] as const
export type Repair = (typeof REPAIRS)[number]
