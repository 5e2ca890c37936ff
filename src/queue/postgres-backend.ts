import { createPostgresBackend, createPostgresRelayBackend } from 'bullmq'
import type pg from 'pg'

/** The part of BullMQ's classes that remembers whether it could connect. */
interface Readiness {
  readyPromise: Promise<void> | undefined
  waitUntilReady(): Promise<void>
}

/** BullMQ's connection to Postgres, as far as it is mended here. */
interface Connection extends Readiness {
  readonly pool: pg.Pool
}

/**
 * BullMQ's backend on Postgres, for which a first connection that fails is an outage and not the end. BullMQ 6.7 keeps that
 * failure and answers every later call with it: a queue stayed useless until its process was started anew, and a worker,
 * whose main loop then never waits for anything, kept its process from doing anything else, even from stopping (found by
 * `npm run chaos -- --backend postgres --seed 12`). Nor is a connection that breaks while it has one in hand, which nobody
 * listened to: that ended the process (seed 230471261).
 */
export const createLastingBackend: typeof createPostgresBackend = (...given) => {
  const backend = createPostgresBackend(...given)
  lasting(backend)
  forgetFailures(backend as unknown as Readiness)
  return backend
}

/** The same for what relays signals between processes. */
export const createLastingRelayBackend: typeof createPostgresRelayBackend = (...given) =>
  lasting(createPostgresRelayBackend(...given))

function lasting<Backend>(backend: Backend): Backend {
  const { connection } = backend as { connection: Connection }
  outlastBreaks(connection.pool)
  forgetFailures(connection)
  return backend
}

/** A pool listens to its idle connections only: one in hand that breaks would end the process, although its query fails as well. */
export function outlastBreaks(pool: pg.Pool): void {
  pool.on('connect', (client) => client.on('error', () => undefined))
}

function forgetFailures(part: Readiness): void {
  const wait = part.waitUntilReady.bind(part)
  part.waitUntilReady = async () => {
    try {
      await wait()
    } catch (error) {
      part.readyPromise = undefined
      throw error
    }
  }
}
