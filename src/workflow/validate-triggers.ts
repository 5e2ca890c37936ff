import { CronPattern } from 'croner'
import type { Draft } from './draft.ts'
import { pointer, type ProblemList } from './problems.ts'

const CRON_FIELDS = ['minute', 'hour', 'day of month', 'month', 'day of week']

/** Checks the times of cron triggers. */
export function checkTriggers(triggers: Draft['triggers'], problems: ProblemList): void {
  for (const { index, trigger } of triggers) {
    if (trigger.type !== 'cron') continue
    const fields = trigger.cron.trim().split(/\s+/)
    const isNickname = fields.length === 1 && trigger.cron.startsWith('@')
    if (!isNickname && fields.length !== CRON_FIELDS.length) {
      const message = `"${trigger.cron}" has ${fields.length} fields, not 5: ${CRON_FIELDS.join(', ')}`
      problems.add('invalid_definition', pointer('triggers', index, 'cron'), message)
    } else {
      const fault = faultOfCron(trigger.cron)
      if (fault !== null)
        problems.add('invalid_definition', pointer('triggers', index, 'cron'), `"${trigger.cron}": ${fault}`)
    }
    if (trigger.timezone !== undefined && !isTimezone(trigger.timezone)) {
      const message = `"${trigger.timezone}" is no time zone; use an IANA name such as Europe/Berlin`
      problems.add('invalid_definition', pointer('triggers', index, 'timezone'), message)
    }
  }
}

/** What croner says, with our names of the fields: first each field alone, so that the one at fault is named. */
function faultOfCron(text: string): string | null {
  const whole = cronError(text)
  if (whole === null) return null
  const fields = text.trim().split(/\s+/)
  for (const [place, field] of fields.entries()) {
    const alone = fields.map((_, other) => (other === place ? field : '*')).join(' ')
    if (fields.length === CRON_FIELDS.length && cronError(alone) !== null) {
      return `the field ${CRON_FIELDS[place]} cannot be "${field}"`
    }
  }
  return whole
}

function cronError(text: string): string | null {
  const message = messageThrown(() => new CronPattern(text, undefined, { mode: '5-part' }))
  return message?.replace(/^CronPattern: /, '') ?? null
}

function isTimezone(name: string): boolean {
  return messageThrown(() => new Intl.DateTimeFormat('en', { timeZone: name })) === null
}

function messageThrown(attempt: () => unknown): string | null {
  try {
    attempt()
    return null
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown)
  }
}
