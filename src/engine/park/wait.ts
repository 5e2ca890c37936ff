import { resolveBinding } from '../../workflow/bindings.ts'
import { momentText } from '../../workflow/moment.ts'
import { PermanentFailure } from '../permanent-failure.ts'
import { scopeOf } from '../scope.ts'
import {
  after,
  completed,
  earlier,
  isDue,
  park,
  timedOut,
  timeoutAt,
  type ParkContext,
  type ParkedKind,
} from './parked.ts'

/** `wait`: until a time. */
export const waitKind: ParkedKind = {
  async begin(context) {
    const until = untilOf(context)
    return isDue(until, context.activation)
      ? completed(null)
      : park({ kind: 'timer', until }, earlier(until, timeoutAt(context.activation)))
  },
  async look({ activation }) {
    const { waitingFor } = activation.row
    const until = waitingFor?.kind === 'timer' ? waitingFor.until : activation.row.now
    if (isDue(until, activation)) return completed(null)
    const givesUpAt = timeoutAt(activation)
    return isDue(givesUpAt, activation) ? timedOut(activation) : { kind: 'still', wakeAt: earlier(until, givesUpAt) }
  },
}

function untilOf({ activation }: ParkContext): string {
  const { seconds, until } = activation.step.step.config
  if (typeof seconds === 'number') return after(activation.row.now, seconds)
  const time = resolveBinding(until ?? null, scopeOf(activation))
  const moment = momentText.safeParse(time)
  if (moment.success) return new Date(moment.data).toISOString()
  throw new PermanentFailure(
    'invalid_time',
    `config.until of step ${activation.step.id} is ${JSON.stringify(time)}: it must be an ISO 8601 time with its zone, such as 2026-01-31T09:00:00Z, of the years 1 to 9999`,
  )
}
