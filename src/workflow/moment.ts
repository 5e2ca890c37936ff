import { z } from 'zod'

/** A moment as clients and bindings write it: ISO 8601 with its zone, in a year that Postgres writes back the same way, 1 to 9999 in UTC. */
export const momentText = z.iso
  .datetime({ offset: true, message: 'a time in ISO 8601 with its zone, like 2026-11-21T09:30:00Z', abort: true })
  .refine((text) => isInReach(new Date(text).getUTCFullYear()), 'a time from the year 1 to the year 9999, in UTC')

function isInReach(year: number): boolean {
  return year >= 1 && year <= 9_999
}
