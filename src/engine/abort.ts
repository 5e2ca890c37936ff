import type { AttemptKey } from '../db/fence.ts'
import { findAbortable } from '../db/controls.ts'
import { messageOf } from '../errors.ts'
import { withTimeout } from '../timeout.ts'
import type { Engine } from './engine.ts'

/**
 * Telling the process that runs an attempt to abandon it, wherever that is. By a signal, at once; and because a signal may
 * get lost, every worker also asks Postgres, with each of its heartbeats, which of its attempts have become pointless.
 */

/** Which attempts to abandon: those of a run that were begun before `epoch`. */
export interface AbortRequest {
  run: string
  epoch: number
  /** Only those of these steps, by index; null: of all. */
  steps: number[] | null
}

/** The attempts under way in a worker. */
interface Abortable {
  list: () => (AttemptKey & { epoch: number })[]
  abort: (request: AbortRequest) => void
  /** Requests may have got lost. */
  missed: () => void
}

const TOPIC = 'cancel'

/** Tells all workers. A hint: it never throws, and does not wait for anybody. */
export function sendAborts(engine: Engine, requests: readonly AbortRequest[]): void {
  for (const request of requests) void engine.queue.signals.publish(`${TOPIC}.${request.run}`, request)
}

/** How long to wait until the store has taken a hint. */
const TAKEN_WITHIN_MS = 500

/**
 * Tells all workers that runs have changed otherwise than by their steps' ends, so that nothing they foresee of these counts;
 * no attempt is abandoned. Resolves when the store has taken that, or does not seem to. Never rejects.
 */
export async function sendChanges(engine: Engine, runs: readonly string[]): Promise<void> {
  const change = { epoch: 0, steps: [] }
  const sent = runs.map((run) => engine.queue.signals.publish(`${TOPIC}.${run}`, { ...change, run }))
  await withTimeout(Promise.all(sent), TAKEN_WITHIN_MS).catch(() => undefined)
}

/** Has a worker's attempts abandoned as others ask for it. Returns what it is to do with each heartbeat. */
export function receiveAborts(engine: Engine, running: Abortable): () => Promise<void> {
  engine.queue.signals.subscribe(
    `${TOPIC}.*`,
    (data) => {
      if (isAbortRequest(data)) running.abort(data)
    },
    () => running.missed(),
  )
  return async () => {
    const attempts = running.list()
    if (attempts.length === 0) return
    try {
      for (const { runId, stepIndex, epoch } of await findAbortable(engine.db, attempts)) {
        running.abort({ run: runId, epoch: epoch + 1, steps: [stepIndex] })
      }
    } catch (error) {
      engine.log.debug(`could not ask which attempts are to be abandoned: ${messageOf(error)}`)
    }
  }
}

function isAbortRequest(data: unknown): data is AbortRequest {
  if (typeof data !== 'object' || data === null) return false
  const { run, epoch, steps } = data as Partial<Record<keyof AbortRequest, unknown>>
  return typeof run === 'string' && typeof epoch === 'number' && (steps === null || Array.isArray(steps))
}
