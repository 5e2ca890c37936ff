import type { z } from 'zod'
import type { runEntrySchema, RunView } from '../../../src/api/schemas/run.ts'
import type { statsSchema } from '../../../src/api/schemas/stats.ts'

/** Shapes of the API's answers, from the schemas that also make its OpenAPI document. Types only. */

/** Numbers of the whole service. */
export type Stats = z.infer<typeof statsSchema>

/** A run in a list, without payloads and steps. */
export type RunEntry = z.infer<typeof runEntrySchema>

/** A run with its payloads and steps (which have no payloads). */
export type Run = RunView

/** A step of a run, without payloads. */
export type Step = Run['steps'][number]

/** A page of a list; hand `next_cursor` on as `cursor` for the next. */
export interface Page<Item> {
  items: Item[]
  next_cursor: string | null
}
