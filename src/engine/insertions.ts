import { setTimeout as pause } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { Database } from '../db/client.ts'
import { isRetryable, isUnsent } from '../db/retryable.ts'
import { insertRuns, isIdTaken, readInserted, type IdempotencyKey, type InsertedRun, type NewRun } from '../db/runs.ts'
import type { Logger } from '../log.ts'
import { Batcher } from './batcher.ts'

/** Versions whose runs are inserted together. */
const REMEMBERED = 1_000
/** Most runs of one statement: their inputs may be nearly 4 MiB each. */
const MAX_RUNS = 50
/** Most steps of one statement, unless a run has more: nobody waits for many large runs of others. */
const MAX_STEPS = 10_000

/** How long it is tried to find out whether runs were inserted: clients who hear nothing ask again, maybe without a key. */
const ANSWER_WITHIN_MS = 5_000
const MAX_PAUSE_MS = 500

/** What runs are inserted as. */
export interface InsertedAs {
  version: { id: string; ifLatest?: number | undefined }
  /** The steps of the version, in order. */
  stepIds: readonly string[]
  /** Of several runs: theirs together. */
  batchKey?: IdempotencyKey | undefined
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
    if (run === undefined || run.parent !== null) return insertNow(this.db, runs, as)
    if (runs.length > 1) return this.insertSurely(runs, as)
    const inserted = await this.batcherOf(as).add(run)
    return inserted === null ? [] : [inserted]
  }

  /**
   * Inserts, and where the answer was lost, asks again until it is known what became of it. Gives up, by throwing what was the
   * matter, after {@link ANSWER_WITHIN_MS}, and where Postgres could not be reached in the first place.
   */
  private async insertSurely(runs: readonly NewRun[], as: InsertedAs): Promise<InsertedRun[]> {
    const deadline = performance.now() + ANSWER_WITHIN_MS
    for (let lost = 0; ; lost += 1) {
      try {
        return lost === 0 ? await insertNow(this.db, runs, as) : await this.insertAgain(runs, as)
      } catch (error) {
        if (!isRetryable(error) || (lost === 0 && isUnsent(error)) || performance.now() > deadline) throw error
        this.log.warn({ err: error, runs: runs.length }, 'Postgres did not say whether runs were started: asking again')
        await pause(Math.min(20 * 2 ** lost, MAX_PAUSE_MS))
      }
    }
  }

  /**
   * Inserts what has perhaps been inserted before, with one statement: all of it or none, but for runs whose keys are taken. The
   * ids tell, and where that statement still goes on, Postgres waits for it.
   */
  private async insertAgain(runs: readonly NewRun[], as: InsertedAs): Promise<InsertedRun[]> {
    const inserted: InsertedRun[] = []
    let refusal: Error | null = null
    try {
      inserted.push(...(await insertNow(this.db, runs, as)))
    } catch (error) {
      if (!isIdTaken(error)) throw error
      refusal = error
    }
    inserted.push(...(await readInserted(this.db, idsWithout(runs, inserted))))
    const missing = new Set(idsWithout(runs, inserted))
    // Then the id is another's, who came before.
    if (refusal !== null && runs.some(({ id, key }) => key === null && missing.has(id))) throw refusal
    return inserted
  }

  private batcherOf({ version, stepIds }: InsertedAs): Batcher<NewRun, InsertedRun | null> {
    const name = `${version.id} ${version.ifLatest}`
    const known = this.batchers.get(name)
    if (known !== undefined) return known
    const batcher = new Batcher<NewRun, InsertedRun | null>({
      name: 'runs',
      inFlight: 2,
      maxItems: Math.max(1, Math.min(MAX_RUNS, Math.floor(MAX_STEPS / stepIds.length))),
      // It sees to lost answers itself, and not for ever: there is a client who waits.
      repeatable: false,
      log: this.log,
      flush: async (runs) => {
        const rows = new Map((await this.insertSurely(runs, { version, stepIds })).map((row) => [row.id, row]))
        return runs.map(({ id }) => rows.get(id) ?? null)
      },
    })
    this.batchers.set(name, batcher)
    return batcher
  }
}

function insertNow(db: Database, runs: readonly NewRun[], as: InsertedAs): Promise<InsertedRun[]> {
  const { version, stepIds, batchKey } = as
  return insertRuns(db, runs, stepIds, { ifLatest: version.ifLatest, batchKey })
}

function idsWithout(runs: readonly { id: string }[], some: readonly { id: string }[]): string[] {
  const left = new Set(some.map(({ id }) => id))
  return runs.flatMap(({ id }) => (left.has(id) ? [] : id))
}
