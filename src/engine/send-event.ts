import { v7 as uuidv7 } from 'uuid'
import { insertEvent } from '../db/events.ts'
import { SluiceError } from '../errors.ts'
import type { Json } from '../workflow/definition.ts'
import { LIMITS } from '../workflow/limits.ts'
import { controlled, type Asked } from './control.ts'
import type { Engine } from './engine.ts'
import { wakeSteps } from './wake.ts'

/**
 * Sends an event to a run; its id. It wakes the steps that wait for it, and is kept until one does. Throws `conflict` where
 * the run has ended, or holds as many events as it may.
 */
export async function sendEvent(
  engine: Engine,
  runId: string,
  event: { name: string; data: Json },
  asked: Asked = {},
): Promise<string> {
  const id = uuidv7()
  // A step that parks at the same moment locks its own row before that of the run.
  const sent = await controlled(
    engine,
    (batch) => insertEvent({ batch }, { id, runId, ...event }, LIMITS.eventsPerRun),
    asked,
  )
  if (!sent.accepted) throw new SluiceError('conflict', `Run ${runId} has ended: it takes no more events.`)
  if (!sent.hasRoom) {
    const message = `Run ${runId} holds ${LIMITS.eventsPerRun} events, which is the limit: send fewer, larger ones.`
    throw new SluiceError('conflict', message)
  }
  wakeSteps(
    engine,
    sent.steps.map((step) => ({ run: runId, step, epoch: sent.epoch })),
  )
  return id
}
