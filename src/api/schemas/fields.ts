import { z } from '@hono/zod-openapi'
import { momentText } from '../../workflow/moment.ts'

/** A moment, ISO 8601 in UTC with milliseconds. */
export const timestamp = z.iso.datetime({ precision: 3 }).openapi({ example: '2026-11-21T09:30:00.000Z' })

/** A moment that may not have come yet. */
export const timestampOrNull = timestamp.nullable()

/** A row's id, UUIDv7. */
export const id = z.uuid().openapi({ example: '019aa5b4-8f6e-7b7a-9b0e-0d5f0c7f3a11' })

/** A moment as the API writes it. */
export function iso(date: Date): string
export function iso(date: Date | null): string | null
export function iso(date: Date | null): string | null {
  return date === null ? null : date.toISOString()
}

/** A moment that a client names: ISO 8601 with a zone, or `Z`. */
export const givenTimestamp = momentText
  .transform((text) => new Date(text))
  .openapi({ type: 'string', format: 'date-time' })

/** A list in a query: `?status=a,b` and `?status=a&status=b` are the same. */
export function listOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z
    .union([z.string(), z.array(z.string())])
    .transform((given) =>
      [given]
        .flat()
        .flatMap((text) => text.split(','))
        .map((text) => text.trim()),
    )
    .pipe(z.array(z.enum(values)).min(1))
    .openapi({ type: 'array', items: { type: 'string', enum: [...values] } })
}
