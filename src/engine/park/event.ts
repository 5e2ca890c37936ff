import { listOffered, takeEvent, type OfferedEvent, type Waiter } from '../../db/events.ts'
import { TransactionLost } from '../../db/client.ts'
import { resolveBinding } from '../../workflow/bindings.ts'
import type { Json } from '../../workflow/definition.ts'
import { evaluateCondition, ExpressionError } from '../../workflow/expressions.ts'
import { isJson } from '../../workflow/json-value.ts'
import { LIMITS } from '../../workflow/limits.ts'
import { concurrencyAround, type Activation } from '../activate.ts'
import { scopeOf } from '../scope.ts'
import type { Outcome } from '../perform.ts'
import { PermanentFailure } from '../permanent-failure.ts'
import { completed, isDue, park, timedOut, timeoutAt, type ParkContext, type ParkedKind } from './parked.ts'

/**
 * `wait_event`: until an event of a name comes that matches. Each step takes the oldest that nobody had taken before it
 * waited: so an event goes to all steps that wait, and is kept where none does.
 */
export const eventKind: ParkedKind = {
  async begin({ activation }) {
    return park({ kind: 'event', event: nameOf(activation) }, timeoutAt(activation))
  },
  async look(context) {
    const { engine, activation } = context
    const { match } = activation.step.step.config
    const events = await listOffered(engine.db, waiterOf(activation))
    const isWanted = ({ name, data }: OfferedEvent) =>
      typeof match !== 'string' || isMatch(context, match, { name, data })
    const event = events.find(isWanted)
    if (event !== undefined) return take(context, event)
    return isDue(timeoutAt(activation), activation)
      ? timedOut(activation)
      : { kind: 'still', wakeAt: timeoutAt(activation) }
  },
}

function nameOf(activation: Activation): string {
  const { waitingFor } = activation.row
  if (waitingFor?.kind === 'event') return waitingFor.event
  const { event } = activation.step.step.config
  const name = resolveBinding(event as Json, scopeOf(activation))
  if (typeof name === 'string' && name !== '' && name.length <= LIMITS.eventName && isJson(name)) return name
  throw new PermanentFailure(
    'invalid_event',
    `config.event of step ${activation.step.id} is ${JSON.stringify(name)}: it must be the name of an event, 1 to ${LIMITS.eventName} characters`,
  )
}

/**
 * A step waits from when it is its turn, and not from when a worker gets to it: so it is no matter of chance which of the
 * steps beside one another get an event. An item that the concurrency of its map holds back waits once it has begun.
 */
function waiterOf(activation: Activation): Waiter {
  const { run, workflow, step, row, child } = activation
  const parts = { runId: run.id, name: nameOf(activation), since: null }
  if (child === null) return { ...parts, dueBehind: step.dependencies.map(({ index }) => index) }
  const limit = concurrencyAround(workflow, step.id)
  const isHeldBack = limit !== null && child.itemIndex! >= limit
  return { ...parts, dueBehind: [child.parentIndex], since: isHeldBack ? row.startedAt : null }
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

/** Takes an event and settles the step, both or neither. */
async function take(context: ParkContext, event: OfferedEvent): Promise<Outcome> {
  const { engine, activation, commitWithin } = context
  const end = completed(event.data)
  if (end.kind !== 'completed') return end
  try {
    return await engine.db.transaction(async (_tx, batch) => {
      await takeEvent({ batch }, event.id, activation.step.index)
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
