import { z } from '@hono/zod-openapi'
import { SluiceError } from '../errors.ts'
import { LIMITS } from '../workflow/limits.ts'

const DEFAULT_LIMIT = 50

/** The query parameters of every list. */
export const pageQuery = {
  limit: z
    .string()
    .regex(/^\d{1,9}$/, `a whole number from 1 to ${LIMITS.pageSize}`)
    .transform(Number)
    .pipe(z.int().min(1).max(LIMITS.pageSize))
    .default(DEFAULT_LIMIT)
    .openapi({
      type: 'integer',
      minimum: 1,
      maximum: LIMITS.pageSize,
      default: DEFAULT_LIMIT,
      description: 'Items of the page',
    }),
  cursor: z.string().optional().openapi({ description: '`next_cursor` of the page before; opaque' }),
}

/** A page of a list: `next_cursor` is null on the last one. */
export interface Page<Item> {
  items: Item[]
  next_cursor: string | null
}

/** The schema of {@link Page}. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next_cursor: z.string().nullable() })
}

/**
 * Cuts a page from rows that were read with one more than `limit`; the cursor holds the key of the page's last row, so
 * a list that grows meanwhile neither repeats nor leaves out a row.
 */
export function pageFrom<Row, Item>(
  rows: readonly Row[],
  limit: number,
  read: { key: (row: Row) => string; item: (row: Row) => Item },
): Page<Item> {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const more = rows.length > limit && last !== undefined
  return { items: shown.map(read.item), next_cursor: more ? encodeCursor(read.key(last)) : null }
}

/** The key within a cursor that has the form `pattern`; undefined without a cursor. Throws `invalid_input` for any other. */
export function decodeCursor(cursor: string | undefined, pattern: RegExp): string | undefined {
  if (cursor === undefined) return undefined
  const key = Buffer.from(cursor, 'base64url').toString('utf8')
  if (encodeCursor(key) === cursor && pattern.test(key)) return key
  throw new SluiceError('invalid_input', 'The cursor is not one of this list.', {
    problems: [
      { path: '/cursor', code: 'invalid_cursor', message: 'use `next_cursor` of the page before, or leave it out' },
    ],
  })
}

function encodeCursor(key: string): string {
  return Buffer.from(key, 'utf8').toString('base64url')
}

/** The form of a row's number, as a cursor's key. */
export const SERIAL = /^\d{1,15}$/
/** The form of a row's id, as a cursor's key. */
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
