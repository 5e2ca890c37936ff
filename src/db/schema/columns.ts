import { timestamp } from 'drizzle-orm/pg-core'

/** A moment, to the microsecond. */
export const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'date', precision: 6 })

/** What failed, as stored and shown. */
export interface StoredError {
  message: string
  code?: string | undefined
  stack?: string | undefined
  step_id?: string | undefined
}
