import { z } from '@hono/zod-openapi'
import { findJsonFault, type Json } from '../workflow/json-value.ts'
import { LIMITS } from '../workflow/limits.ts'

/**
 * A schema for any JSON value that can be stored and nests no deeper than the limit. The value stays as it is: the order
 * of its keys is kept and nothing is copied.
 */
export const payload = z
  .unknown()
  .superRefine((value, context) => {
    const fault = findJsonFault(value, LIMITS.jsonDepth)
    if (fault === null) return
    const code = fault.tooDeep ? 'limit_exceeded' : 'invalid_text'
    context.addIssue({ code: 'custom', path: fault.path, message: fault.message, params: { code } })
  })
  .openapi({ description: 'Any JSON value' }) as z.ZodType<Json, Json>

/** A schema for text of `min` to `max` characters that Postgres can store. */
export function storableText(min: number, max: number): z.ZodString {
  return z
    .string()
    .min(min)
    .max(max)
    .refine((value) => findJsonFault(value, 0) === null, 'text must not hold U+0000 or half of a UTF-16 pair')
}
