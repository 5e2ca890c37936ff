import { Cron, CronPattern } from 'croner'

/** Times that repeat: cron expressions of five fields (or a nickname such as `@daily`) in a time zone. */

const CRON_FIELDS = ['minute', 'hour', 'day of month', 'month', 'day of week']
/** Any moment does: an expression without years that has no time after it has none at all. */
const SOME_MOMENT = new Date(0)

/** What is wrong with a cron expression, by the name of the field at fault; null where nothing is. */
export function cronFault(cron: string): string | null {
  const fields = cron.trim().split(/\s+/)
  const isNickname = fields.length === 1 && cron.trim().startsWith('@')
  if (!isNickname && fields.length !== CRON_FIELDS.length) {
    return `"${cron}" has ${fields.length} fields, not 5: ${CRON_FIELDS.join(', ')}`
  }
  const whole = syntaxError(cron)
  if (whole !== null) return `"${cron}": ${faultyField(fields) ?? whole}`
  const isNever = nextTimes({ cron, timezone: 'UTC' }, SOME_MOMENT, 1).length === 0
  return isNever ? `"${cron}": there is no such day in any year` : null
}

/** What is wrong with the name of a time zone; null where nothing is. */
export function timezoneFault(name: string): string | null {
  // Offsets such as +02:00 are no zones: they know no summer time, and not every library takes them.
  const isZone = !/^[+-]/.test(name) && messageThrown(() => new Intl.DateTimeFormat('en', { timeZone: name })) === null
  return isZone ? null : `"${name}" is no time zone; use an IANA name such as Europe/Berlin`
}

/**
 * The next times after a moment, at most `count`. Where clocks go forward, a fixed time that is left out comes at the end
 * of the gap; where they go back, a fixed time comes once, and what repeats by the minute or hour goes on doing so.
 */
export function nextTimes({ cron, timezone }: { cron: string; timezone: string }, after: Date, count: number): Date[] {
  return new Cron(cron.trim(), { timezone, mode: '5-part', paused: true }).nextRuns(count, after)
}

/** The first time after a moment; null where there is none. */
export function nextTime(time: { cron: string; timezone: string }, after: Date): Date | null {
  return nextTimes(time, after, 1)[0] ?? null
}

/** Each field alone, so that the one at fault is named. */
function faultyField(fields: readonly string[]): string | null {
  if (fields.length !== CRON_FIELDS.length) return null
  const place = fields.findIndex(
    (_, at) => syntaxError(fields.map((field, i) => (i === at ? field : '*')).join(' ')) !== null,
  )
  return place === -1 ? null : `the field ${CRON_FIELDS[place]} cannot be "${fields[place]}"`
}

function syntaxError(cron: string): string | null {
  const message = messageThrown(() => new CronPattern(cron.trim(), undefined, { mode: '5-part' }))
  return message?.replace(/^CronPattern: /, '') ?? null
}

function messageThrown(attempt: () => unknown): string | null {
  try {
    attempt()
    return null
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown)
  }
}
