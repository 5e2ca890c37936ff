import { z } from '@hono/zod-openapi'
import type { Json } from '../../workflow/definition.ts'

/**
 * A definition in a request: anything, for validation of the format tells all that is wrong with it at once; and stored as
 * it came, so nothing here may copy it.
 */
export const postedDefinition = z
  .unknown()
  .refine((value) => value !== undefined, 'a workflow definition is needed')
  .openapi({
    type: 'object',
    description: 'A workflow definition; its JSON Schema is served at /api/v1/schema/workflow.json',
    example: { name: 'hello', steps: [{ id: 'first', config: { duration_seconds: 1 } }] },
  }) as z.ZodType<Json, Json>
