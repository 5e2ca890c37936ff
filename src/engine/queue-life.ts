import { v7 as uuidv7 } from 'uuid'
import { readQueueState, writeQueueState } from '../db/queue-state.ts'
import type { Engine } from './engine.ts'

/**
 * A queue's data lives until it is lost: flushed, restarted empty, swapped for another store. Each life has a token,
 * kept in the queue itself and in Postgres. Runs note the token that they were dispatched under, so when the two differ,
 * Postgres knows which runs the queue has forgotten, and goes on knowing while they are dispatched anew.
 */

/** What a look at the queue's life showed. */
export type LifeCheck =
  | { kind: 'same' }
  /** The queue's first life. */
  | { kind: 'first' }
  /** The queue lost its data; unfinished runs carry other tokens now. */
  | { kind: 'lost' }
  /** Redis was restarted with its data, of which the last second may be missing. */
  | { kind: 'restarted' }

/** Takes the token over from Postgres, for processes that do not lead. */
export async function followQueueLife(engine: Engine): Promise<void> {
  const state = await readQueueState(engine.db, engine.queue.connection.prefix)
  engine.queueLife.token = state?.token ?? null
}

/** Compares the queue's life with Postgres's, and begins a new one where they differ. Only the leader calls this. */
export async function checkQueueLife(engine: Engine): Promise<LifeCheck> {
  const { connection } = engine.queue
  const [state, token, serverRunId] = await Promise.all([
    readQueueState(engine.db, connection.prefix),
    engine.queue.token(),
    connection.serverRunId(),
  ])
  if (state === null || token !== state.token) {
    const fresh = uuidv7()
    // Postgres first: a crash in between is seen as another loss, never as none.
    await writeQueueState(engine.db, connection.prefix, { token: fresh, backend: connection.backend, serverRunId })
    await engine.queue.setToken(fresh)
    engine.queueLife.token = fresh
    return { kind: state === null ? 'first' : 'lost' }
  }
  engine.queueLife.token = state.token
  if (state.serverRunId === serverRunId) return { kind: 'same' }
  await writeQueueState(engine.db, connection.prefix, { token: state.token, backend: connection.backend, serverRunId })
  return { kind: 'restarted' }
}
