import type { Json } from '../workflow/definition.ts'
import type { Database } from './client.ts'

/** Orders as bindings and expressions see them, by id: `{id, amount, currency, reference, status}`, amount a decimal text. */
export async function readOrderViews(db: Database, ids: readonly string[]): Promise<Map<string, Json>> {
  const rows = await db.batch<{ id: string } & Record<string, Json>>(
    'order_views',
    'SELECT id, amount::text AS amount, currency, reference, status FROM orders WHERE id = ANY($1::uuid[])',
    [ids],
  )
  return new Map(rows.map((row) => [row.id, row]))
}
