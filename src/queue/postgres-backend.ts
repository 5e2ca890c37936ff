import { createPostgresBackend } from 'bullmq'

/** The part of BullMQ's classes that remembers whether it could connect. */
interface Readiness {
  readyPromise: Promise<void> | undefined
  waitUntilReady(): Promise<void>
}

/**
 * BullMQ's backend on Postgres, for which a first connection that fails is an outage and not the end. BullMQ 6.7 keeps that
 * failure and answers every later call with it: a queue stayed useless until its process was started anew, and a worker,
 * whose main loop then never waits for anything, kept its process from doing anything else, even from stopping (found by
 * `npm run chaos -- --backend postgres --seed 12`).
 */
export const createLastingBackend: typeof createPostgresBackend = (...given) => {
  const backend = createPostgresBackend(...given)
  const { connection } = backend as unknown as { connection: Readiness }
  for (const part of [connection, backend as unknown as Readiness]) forgetFailures(part)
  return backend
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
