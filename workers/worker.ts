import { hostname } from 'node:os'
import { v7 as uuidv7 } from 'uuid'
import { announceWorker, stopWorker } from '../src/db/workers.ts'
import { receiveAborts } from '../src/engine/abort.ts'
import { startCanaries } from '../src/engine/canary.ts'
import type { Engine } from '../src/engine/engine.ts'
import { StepExecutor } from '../src/engine/execute.ts'
import { Finaliser } from '../src/engine/finalise.ts'
import { startHeartbeat } from '../src/engine/heartbeat.ts'
import { watchQueue } from '../src/engine/queue-life.ts'
import { serveQueues } from '../src/engine/serve-queues.ts'
import { withTimeout } from '../src/timeout.ts'
import { announcementsOf } from './announcements.ts'
import { executableActions } from './executable.ts'
import type { ActionRegistry } from './registry.ts'

/** What a worker needs. */
export interface WorkerParts {
  engine: Engine
  actions: ActionRegistry
  queues: readonly string[]
  concurrency: number
  heartbeatMs: number
  shutdownGraceMs: number
  /** How long the last writes may take beyond that, when it stops; default 3.5 s. */
  lastWritesMs?: number
  /** Called when the worker finds that a queue does not feed it any more although its store answers. */
  onDead: (reason: string) => void
}

/** A worker at work. */
export interface RunningWorker {
  readonly id: string
  /**
   * Takes no more jobs, lets those under way finish within the grace period, and hands back the rest. Where Postgres
   * answers no more, which takes some seconds to show, closes the database and rejects.
   */
  stop(): Promise<void>
}

/** What a stop may take beyond the grace period; the rest of the process's deadline is for closing the stores. */
const LAST_WRITES_MS = 3_500
/** How long before that the database is closed, so that what still waits for it fails. */
const CLOSING_MS = 1_000

const CANARY_INTERVAL_MS = 5_000
/** Silence of a queue that has room and is sent canaries. */
const CANARY_DEADLINE_MS = 40_000

/** Announces the worker and its actions in Postgres, and starts taking steps. */
export async function startWorker(parts: WorkerParts): Promise<RunningWorker> {
  const { engine } = parts
  const id = uuidv7()
  await announceWorker(
    engine.db,
    { id, hostname: hostname(), pid: process.pid, queues: parts.queues, concurrency: parts.concurrency },
    announcementsOf(parts.actions),
  )
  const stopWatching = await watchQueue(engine, parts.heartbeatMs)
  let abandon = () => Promise.resolve()
  const heartbeat = startHeartbeat(engine, {
    workerId: id,
    intervalMs: parts.heartbeatMs,
    onGone: () => parts.onDead('the row of this worker is gone from Postgres'),
    onBeat: () => abandon(),
  })
  const executor = new StepExecutor({
    engine,
    workerId: id,
    action: executableActions(parts.actions),
    isSteady: () => heartbeat.isSteady(),
  })
  abandon = receiveAborts(engine, executor)
  const finaliser = new Finaliser(engine, executor)
  const server = serveQueues(engine, executor, finaliser, { queues: parts.queues, concurrency: parts.concurrency })
  const stopCanaries = startCanaries(engine, server, {
    intervalMs: CANARY_INTERVAL_MS,
    deadlineMs: CANARY_DEADLINE_MS,
    concurrency: parts.concurrency,
    onDead: (queue) =>
      parts.onDead(`queue ${queue} has brought no job for ${CANARY_DEADLINE_MS} ms although its store answers`),
  })
  return {
    id,
    async stop() {
      stopCanaries()
      stopWatching()
      executor.takeNoMore()
      const graceMs = server.workers.some(({ active }) => active > 0) ? parts.shutdownGraceMs : 0
      const withinMs = graceMs + (parts.lastWritesMs ?? LAST_WRITES_MS)
      const timers = [
        setTimeout(() => executor.releaseAll(), graceMs),
        setTimeout(() => void engine.db.close(), withinMs - CLOSING_MS),
      ]
      const end = async () => {
        await server.close(false)
        await Promise.all([executor.drained(), finaliser.drained()])
        await engine.changes.drained()
        heartbeat.stop()
        await stopWorker(engine.db, id)
      }
      try {
        await withTimeout(end(), withinMs, 'the worker did not stop')
      } finally {
        for (const timer of timers) clearTimeout(timer)
      }
    },
  }
}
