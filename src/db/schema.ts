/**
 * The tables: one file for what is read and changed together.
 *
 * Payloads are `json`, not `jsonb`: written and read whole, they keep the user's order of keys and cost no conversion;
 * `\u0000` is refused before they get here, so that a cast to `jsonb` always works.
 */
export * from './schema/approvals.ts'
export type { StoredError } from './schema/columns.ts'
export * from './schema/controls.ts'
export * from './schema/orders.ts'
export * from './schema/runs.ts'
export * from './schema/steps.ts'
export * from './schema/triggers.ts'
export * from './schema/workers.ts'
export * from './schema/workflows.ts'
