import type { DefinitionInput, Json } from '../src/workflow/definition.ts'

/** The steps of which the workloads are made. */

/** A step as it is written. */
export type Step = DefinitionInput['steps'][number]

/** A transaction or an action that outlives every outage: its failures are the weather's, not its own. */
const PERSISTENT = { retry: { delay_seconds: 0.25 }, config: { max_retries: 200 } } as const

/** A step that writes a row in its transaction, and takes `ms`; its first `fail` attempts fail. */
export function effect(id: string, after: readonly string[], ms: number, fail = 0): Step {
  return persistent(id, after, 'chaos_effect', { input: { ms, fail } })
}

/** A step that calls an action, and takes `ms`. */
export function call(id: string, after: readonly string[], ms: number): Step {
  return persistent(id, after, 'chaos_call', { input: { ms } })
}

/** A step of any action that is tried again for as long as an outage lasts. */
export function persistent(id: string, after: readonly string[], action: string, more: Partial<Step> = {}): Step {
  return { id, depends_on: [...after], ...PERSISTENT, ...more, config: { ...PERSISTENT.config, action } }
}

/** A map, two items of which run at a time unless `more` says otherwise. */
export function mapOf(id: string, items: Json[], more: Record<string, Json>): Step {
  return { id, type: 'map', config: { items, concurrency: 2, ...more } }
}

/** An item that has an effect, and tells its place. */
export const EFFECT_OF_ITEM = {
  ...PERSISTENT,
  config: { ...PERSISTENT.config, action: 'chaos_effect' },
  input: { ms: '$item', place: '$index' },
}

/** What undoes itself by another effect. */
export const UNDONE = { compensate: { action: 'chaos_effect', input: { ms: 20 } } }
