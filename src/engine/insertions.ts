import { LRUCache } from 'lru-cache'
import type { Database } from '../db/client.ts'
import { insertRuns, type InsertedRun, type NewRun } from '../db/runs.ts'
import type { Logger } from '../log.ts'
import { Batcher } from './batcher.ts'

/** Versions whose runs are inserted together. */
const REMEMBERED = 1_000
/** Most runs of one statement: their inputs may be nearly 4 MiB each. */
const MAX_RUNS = 50
/** Most steps of one statement, unless a run has more: nobody waits for many large runs of others. */
const MAX_STEPS = 10_000

/** What runs are inserted as. */
export interface InsertedAs {
  version: { id: string; ifLatest?: number | undefined }
  /** The steps of the version, in order. */
  stepIds: readonly string[]
}

/** Inserts runs; those of one version that are asked for at the same time, each by itself, travel in one statement. */
export class Insertions {
  private readonly db: Database
  private readonly log: Logger
  private readonly batchers = new LRUCache<string, Batcher<NewRun, InsertedRun | null>>({ max: REMEMBERED })

  constructor(db: Database, log: Logger) {
    this.db = db
    this.log = log
  }

  /** As {@link insertRuns}: several runs all or none, but for those whose keys are taken. */
  async insert(runs: readonly NewRun[], as: InsertedAs): Promise<InsertedRun[]> {
    const [run] = runs
    // Of a child run it also depends on its parent's row, which stays locked until it is inserted.
    if (run === undefined || runs.length > 1 || run.parent !== null)
      return insertRuns(this.db, runs, as.stepIds, as.version)
    const inserted = await this.batcherOf(as).add(run)
    return inserted === null ? [] : [inserted]
  }

  private batcherOf({ version, stepIds }: InsertedAs): Batcher<NewRun, InsertedRun | null> {
    const name = `${version.id} ${version.ifLatest}`
    const known = this.batchers.get(name)
    if (known !== undefined) return known
    const batcher = new Batcher<NewRun, InsertedRun | null>({
      name: 'runs',
      inFlight: 2,
      maxItems: Math.max(1, Math.min(MAX_RUNS, Math.floor(MAX_STEPS / stepIds.length))),
      // The second time, a run's id would be taken: by itself.
      repeatable: false,
      log: this.log,
      flush: async (runs) => {
        const rows = new Map((await insertRuns(this.db, runs, stepIds, version)).map((row) => [row.id, row]))
        return runs.map(({ id }) => rows.get(id) ?? null)
      },
    })
    this.batchers.set(name, batcher)
    return batcher
  }
}
