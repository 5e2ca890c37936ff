import { isMigrated } from '../db/migrate.ts'
import type { Engine } from '../engine/engine.ts'
import { messageOf, type InputProblem } from '../errors.ts'
import { withTimeout } from '../timeout.ts'

/** How long each part has to answer. */
const TIMEOUT_MS = 2_000

/** The parts without which nothing can be served, in the order in which they are told. */
export const PARTS = ['postgres', 'migrations', 'queue'] as const

/** What is missing; nothing when the service is ready. Each `path` names a part. */
export async function findMissing(engine: Engine): Promise<InputProblem[]> {
  const [postgres, queue] = await Promise.all([checkPostgres(engine), checkQueue(engine)])
  return [...postgres, ...queue]
}

async function checkPostgres(engine: Engine): Promise<InputProblem[]> {
  try {
    if (await withTimeout(isMigrated(engine.db), TIMEOUT_MS)) return []
    return [missing('migrations', 'the database is not migrated to this version yet')]
  } catch (error) {
    return [missing('postgres', `Postgres does not answer: ${messageOf(error)}`)]
  }
}

async function checkQueue(engine: Engine): Promise<InputProblem[]> {
  try {
    await withTimeout(engine.queue.connection.ping(), TIMEOUT_MS)
    return []
  } catch (error) {
    return [missing('queue', `the queue does not answer: ${messageOf(error)}`)]
  }
}

const missing = (part: (typeof PARTS)[number], message: string): InputProblem => ({
  path: `/${part}`,
  code: 'unavailable',
  message,
})
