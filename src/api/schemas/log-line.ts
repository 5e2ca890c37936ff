import { z } from '@hono/zod-openapi'
import type { LogRow } from '../../db/logs.ts'
import { logLevel } from '../../db/schema.ts'
import { payload } from '../payload.ts'
import { iso, timestamp } from './fields.ts'

/** A line that an action logged. */
export const logLineSchema = z
  .object({
    id: z.int().openapi({ description: 'Grows with time; what `after` takes' }),
    step_id: z.string(),
    attempt: z.int(),
    at: timestamp,
    level: z.enum(logLevel.enumValues),
    message: z.string(),
    data: payload,
  })
  .openapi('LogLine')

/** A line that an action logged as the API shows it. */
export type LogLineView = z.infer<typeof logLineSchema>

/** Shows a log line. */
export function showLogLine(row: LogRow): LogLineView {
  return {
    id: row.id,
    step_id: row.stepId,
    attempt: row.attempt,
    at: iso(row.at),
    level: row.level,
    message: row.message,
    data: row.data ?? null,
  }
}
