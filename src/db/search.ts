/** A pattern for `ilike` that finds texts with `part` anywhere in them; what is special in patterns is taken literally. */
export function containing(part: string): string {
  return `%${part.replaceAll(/[\\%_]/g, (special) => `\\${special}`)}%`
}

const NIL = '00000000-0000-0000-0000-000000000000'
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Whether Postgres reads the text as a uuid in its usual form. */
export function isUuid(text: string): boolean {
  return UUID.test(text)
}

/**
 * The first and the last uuid that begin with a prefix of at least one digit, or null where no uuid does: a prefix search
 * becomes a range of the primary key.
 */
export function uuidRange(prefix: string): { first: string; last: string } | null {
  const lower = prefix.toLowerCase()
  const [first, last] = ['0', 'f'].map((digit) => lower + NIL.slice(lower.length).replaceAll('0', digit))
  return lower !== '' && first !== undefined && last !== undefined && isUuid(first) ? { first, last } : null
}

const SHORT = /^([0-9a-f-]{8,32})(?:…|\.\.\.)([0-9a-f-]{1,28})$/i

/**
 * The range of the uuids that a short one, `019aa5b4…7f3a11`, may stand for, and their end; null for what is no short one.
 * Of UUIDv7 with 8 digits at the beginning the range is a minute: to find one among millions, few are looked at.
 */
export function shortUuid(text: string): { first: string; last: string; end: string } | null {
  const [, head = '', end = ''] = SHORT.exec(text) ?? []
  const range = uuidRange(head)
  return range === null ? null : { ...range, end: end.toLowerCase() }
}

/**
 * The lowest UUIDv7 of a millisecond: ids are made in the order of time, so a bound on time is one on ids, too, as far as
 * the clocks agree that made id and time.
 */
export function firstUuidAt(date: Date): string {
  const hex = Math.max(0, date.getTime()).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7000-8000-000000000000`
}
