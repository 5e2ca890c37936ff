import type { z } from 'zod'
import type { statsSchema } from '../../../src/api/schemas/stats.ts'

/** Shapes of the API's answers, from the schemas that also make its OpenAPI document. Types only. */

/** Numbers of the whole service. */
export type Stats = z.infer<typeof statsSchema>
