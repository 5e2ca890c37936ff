import { listUntaken, takeEvent } from '../../db/events.ts'
import { TransactionLost } from '../../db/client.ts'
import { resolveBinding } from '../../workflow/bindings.ts'
import type { Json } from '../../workflow/definition.ts'
import { evaluateCondition, ExpressionError } from '../../workflow/expressions.ts'
import { isJson } from '../../workflow/json-value.ts'
import type { Activation } from '../activate.ts'
import { scopeOf } from '../scope.ts'
import type { Outcome } from '../perform.ts'
import { PermanentFailure } from '../permanent-failure.ts'
import { completed, isDue, park, timedOut, timeoutAt, type ParkContext, type ParkedKind } from './parked.ts'

/** `wait_event`: until an event of a name comes that matches. The oldest that nobody has taken is looked at first. */
export const eventKind: ParkedKind = {
  async begin({ activation }) {
    return park({ kind: 'event', event: nameOf(activation) }, timeoutAt(activation))
  },
  async look(context) {
    const { engine, activation } = context
    const { match } = activation.step.step.config
    const events = await listUntaken(engine.db, activation.run.id, nameOf(activation))
    for (const { id, name, data } of events) {
      if (typeof match === 'string' && !isMatch(context, match, { name, data })) continue
      const outcome = await take(context, id, data)
      if (outcome !== null) return outcome
    }
    return isDue(timeoutAt(activation), activation)
      ? timedOut(activation)
      : { kind: 'still', wakeAt: timeoutAt(activation) }
  },
}

/** Of an event, in characters: what `POST /runs/{id}/events` takes. */
const LONGEST_NAME = 128

function nameOf(activation: Activation): string {
  const { waitingFor } = activation.row
  if (waitingFor?.kind === 'event') return waitingFor.event
  const { event } = activation.step.step.config
  const name = resolveBinding(event as Json, scopeOf(activation))
  if (typeof name === 'string' && name !== '' && name.length <= LONGEST_NAME && isJson(name)) return name
  throw new PermanentFailure(
    'invalid_event',
    `config.event of step ${activation.step.id} is ${JSON.stringify(name)}: it must be the name of an event, 1 to ${LONGEST_NAME} characters`,
  )
}

/** An event of which the condition can say nothing, since it has not the fields, is another one than is waited for. */
function isMatch({ engine, activation }: ParkContext, match: string, event: { name: string; data: Json }): boolean {
  try {
    return evaluateCondition(match, { ...scopeOf(activation), event })
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    engine.log.info(
      { run: activation.run.id, step: activation.step.id, reason: error.message },
      'an event does not match',
    )
    return false
  }
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
