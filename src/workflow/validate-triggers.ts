import { cronFault, timezoneFault } from './cron.ts'
import type { Draft } from './draft.ts'
import { pointer, type ProblemList } from './problems.ts'

/** Checks the times of cron triggers. */
export function checkTriggers(triggers: Draft['triggers'], problems: ProblemList): void {
  for (const { index, trigger } of triggers) {
    if (trigger.type !== 'cron') continue
    const { cron, timezone } = trigger
    const add = (key: string, fault: string | null) => {
      if (fault !== null) problems.add('invalid_definition', pointer('triggers', index, key), fault)
    }
    add('cron', cronFault(cron))
    if (timezone !== undefined) add('timezone', timezoneFault(timezone))
  }
}
