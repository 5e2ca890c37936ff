import { LRUCache } from 'lru-cache'
import type { Database } from '../db/client.ts'
import { readDefinition } from '../db/versions.ts'
import type { Logger } from '../log.ts'
import type { RunQueue } from '../queue/queue.ts'
import { Changes } from './changes.ts'
import { Insertions } from './insertions.ts'
import { compileWorkflow, type CompiledWorkflow } from '../workflow/compile.ts'

/** What every verb of the engine works with: both stores, and what is cached of them. */
export interface Engine {
  readonly db: Database
  readonly queue: RunQueue
  readonly log: Logger
  readonly versions: VersionCache
  readonly insertions: Insertions
  /** Tells those who watch runs that they have changed. */
  readonly changes: Changes
  /** Silence after which a worker counts as dead, in milliseconds; also the duration of BullMQ's locks. */
  readonly lockDurationMs: number
  /** The token of the queue's present life as this process last saw it; runs are dispatched under it. */
  readonly queueLife: { token: string | null }
  /** Runs that this process is adding to the queue right now: not there yet, but not lost. */
  readonly dispatching: Set<string>
  /** What the queue was asked to take, and has not answered in time. */
  readonly unanswered: Set<Promise<void>>
}

/** Compiled versions by id. Versions never change, so neither do their compilations. */
export interface VersionCache {
  /** Compiles a version, or finds it compiled. Throws if there is no such version. */
  get(versionId: string): Promise<CompiledWorkflow>
}

/** Puts the engine's parts together. */
export function createEngine(parts: { db: Database; queue: RunQueue; log: Logger; lockDurationMs: number }): Engine {
  return {
    ...parts,
    versions: createVersionCache(parts.db),
    insertions: new Insertions(parts.db, parts.log),
    changes: new Changes(parts.queue.signals, parts.log),
    queueLife: { token: null },
    dispatching: new Set(),
    unanswered: new Set(),
  }
}

/** A definition of 10,000 steps takes some 20 MB compiled, so the cache counts steps, not versions. */
const CACHED_STEPS = 100_000

/** A cache that reads from Postgres what it does not hold; concurrent readers of one version share one read. */
export function createVersionCache(db: Database): VersionCache {
  const cache = new LRUCache<string, CompiledWorkflow>({
    maxSize: CACHED_STEPS,
    sizeCalculation: (compiled) => compiled.steps.length,
    fetchMethod: async (versionId) => {
      const definition = await readDefinition(db, versionId)
      if (definition === null) throw new Error(`there is no workflow version ${versionId}`)
      return compileWorkflow(definition)
    },
  })
  return {
    async get(versionId) {
      const compiled = await cache.fetch(versionId)
      if (compiled === undefined) throw new Error(`workflow version ${versionId} could not be compiled`)
      return compiled
    },
  }
}
