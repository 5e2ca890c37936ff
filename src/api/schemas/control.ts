import { z } from '@hono/zod-openapi'
import type { RunControlRow } from '../../db/run-controls.ts'
import { CONTROLS } from '../../workflow/states.ts'
import { iso, timestamp } from './fields.ts'

/** A control that a run has had. */
export const runControlSchema = z
  .object({
    control: z.enum(CONTROLS),
    from: z.string().nullable().openapi({
      description: 'The step that a retry began from; null: from what failed, was cancelled or skipped',
    }),
    with_parent: z.boolean().openapi({ description: 'Whether it was asked for of a run above this one' }),
    at: timestamp,
  })
  .openapi('RunControl')

/** Shows a control. */
export function showRunControl({ control, fromStep, withParent, at }: RunControlRow): z.infer<typeof runControlSchema> {
  return { control, from: fromStep, with_parent: withParent, at: iso(at) }
}
