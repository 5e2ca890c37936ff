import { createHash } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import type { IdempotencyKey } from '../db/runs.ts'
import { canonicalJson } from '../workflow/canonical.ts'
import type { Json } from '../workflow/definition.ts'

/** The header by which a client makes a start repeatable. */
export const idempotencyHeaders = z.object({
  'idempotency-key': z
    .string()
    .min(1)
    .max(255)
    .optional()
    .openapi({ description: 'Requests with the same key and body start their runs once' }),
})

/**
 * The key of a request, with the hash of its body, in which the order of keys counts for nothing; undefined where the
 * client gave none. Recursive: the body's depth must have been checked.
 */
export function idempotencyOf(headers: z.output<typeof idempotencyHeaders>, body: object): IdempotencyKey | undefined {
  const key = headers['idempotency-key']
  if (key === undefined) return undefined
  return {
    key,
    requestHash: createHash('sha256')
      .update(canonicalJson(body as Json))
      .digest('hex'),
  }
}
