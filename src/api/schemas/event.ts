import { z } from '@hono/zod-openapi'
import type { EventRow } from '../../db/events.ts'
import { payload } from '../payload.ts'
import { id, iso, timestamp, timestampOrNull } from './fields.ts'

/** An event that a run was sent. */
export const eventSchema = z
  .object({
    id,
    run_id: id,
    name: z.string(),
    data: payload,
    created_at: timestamp,
    taken_at: timestampOrNull.openapi({ description: 'When the first step took it; null: no step has' }),
  })
  .openapi('Event')

/** Shows an event. */
export function showEvent(row: EventRow): z.infer<typeof eventSchema> {
  return {
    id: row.id,
    run_id: row.runId,
    name: row.name,
    data: row.data ?? null,
    created_at: iso(row.createdAt),
    taken_at: iso(row.takenAt),
  }
}
