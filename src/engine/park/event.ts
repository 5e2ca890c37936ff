import { listUntaken, takeEvent } from '../../db/events.ts'
import { TransactionLost } from '../../db/client.ts'
import { evaluateCondition } from '../../workflow/expressions.ts'
import { scopeOf } from '../scope.ts'
import type { Outcome } from '../perform.ts'
import { completed, isDue, park, timedOut, timeoutAt, type ParkContext, type ParkedKind } from './parked.ts'

/** `wait_event`: until an event of a name comes that matches. The oldest that nobody has taken is looked at first. */
export const eventKind: ParkedKind = {
  begin({ activation }) {
    return Promise.resolve(park({ kind: 'event', event: nameOf(activation) }, timeoutAt(activation)))
  },
  async look(context) {
    const { engine, activation } = context
    const { match } = activation.step.step.config
    const events = await listUntaken(engine.db, activation.run.id, nameOf(activation))
    for (const { id, name, data } of events) {
      const scope = { ...scopeOf(activation), event: { name, data } }
      if (typeof match === 'string' && !evaluateCondition(match, scope)) continue
      const outcome = await take(context, id, data)
      if (outcome !== null) return outcome
    }
    return isDue(timeoutAt(activation), activation)
      ? timedOut(activation)
      : { kind: 'still', wakeAt: timeoutAt(activation) }
  },
}

function nameOf({ step }: ParkContext['activation']): string {
  const { event } = step.step.config
  return typeof event === 'string' ? event : ''
}

/** Takes an event and settles the step, both or neither; null where another step was faster. */
async function take(context: ParkContext, id: string, data: Parameters<typeof completed>[0]): Promise<Outcome | null> {
  const { engine, activation, commitWithin } = context
  const end = completed(data)
  if (end.kind !== 'completed') return end
  try {
    return await engine.db.transaction(async (_tx, batch) => {
      if (!(await takeEvent({ batch }, id, activation.step.index))) return null
      if (!(await commitWithin(batch, end.result))) throw new Fenced()
      return { kind: 'committed' as const }
    })
  } catch (error) {
    if (error instanceof Fenced) return { kind: 'fenced' }
    if (error instanceof TransactionLost) return { kind: 'unknown' }
    throw error
  }
}

class Fenced extends Error {}
