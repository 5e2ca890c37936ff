import {
  completeSteps,
  findCommitted,
  markStarted,
  releaseAttempts,
  type Completion,
  type AtCommit,
} from '../db/commit.ts'
import { type Applied, type AttemptKey } from '../db/fence.ts'
import { settleSteps, type Settlement } from '../db/settle.ts'
import { stepKey } from '../db/activation.ts'
import type { Database } from '../db/client.ts'
import { Batcher } from './batcher.ts'
import type { Changes } from './changes.ts'
import type { EndedRuns } from './ended-runs.ts'
import type { Engine } from './engine.ts'

/**
 * Group commit: the writes of many steps in few statements. A commit resolves to whether it counted: false means that
 * another attempt owns the step by now (this one was fenced), and that nothing was changed.
 *
 * Start marks are hints for people and for take-overs, so nobody waits for them; one whose step ends before it has left
 * is dropped, as the completion says all that it says.
 */
export class GroupCommit {
  private readonly db: Database
  private readonly changes: Changes
  private readonly ended: EndedRuns
  private readonly completions: Batcher<Completion, Committed>
  private readonly settlements: Batcher<Settlement, boolean>
  private readonly starts: Batcher<StartMark, boolean>

  constructor(engine: Engine, ended: EndedRuns) {
    this.db = engine.db
    this.changes = engine.changes
    this.ended = ended
    const common = { inFlight: 2, maxItems: 500, log: engine.log }
    this.completions = new Batcher({
      ...common,
      name: 'completions',
      flush: (items) => this.commitResults(items),
    })
    this.settlements = new Batcher({
      ...common,
      name: 'settlements',
      flush: async (items) => this.countedOf(items, await settleSteps(this.db, items)),
    })
    this.starts = new Batcher({
      ...common,
      inFlight: 1,
      name: 'start marks',
      flush: (items) => this.flushStarts(items),
    })
  }

  /** Marks an attempt as running. Resolves to whether the attempt owns the step now; waiting for it is optional. */
  start(key: AttemptKey): StartMark {
    const mark: StartMark = { key, dropped: false, counted: Promise.resolve(false) }
    mark.counted = this.starts.add(mark)
    mark.counted.catch(() => undefined)
    return mark
  }

  /** Commits a result, exactly once for each step of a run. */
  complete(item: Completion, mark?: StartMark): Promise<Committed> {
    if (mark) mark.dropped = true
    return this.completions.add(item)
  }

  /** Commits a result within the database transaction of its action: effects and result stand or fall together. */
  async completeWithin(tx: Pick<Database, 'batch'>, item: Completion): Promise<boolean> {
    return (await completeSteps(tx, [item])).done.size === 1
  }

  /** Commits a failure, a skip, a cancellation, or that an attempt failed and will be repeated. */
  settle(item: Settlement, mark?: StartMark): Promise<boolean> {
    if (mark) mark.dropped = true
    return this.settlements.add(item)
  }

  /** Gives an attempt back unfinished, so that another worker may take over at once. */
  async release(key: AttemptKey): Promise<void> {
    await releaseAttempts(this.db, [key])
  }

  /** Resolves when every write has been answered. */
  async drained(): Promise<void> {
    await Promise.all([this.starts.drained(), this.completions.drained(), this.settlements.drained()])
  }

  private async flushStarts(marks: StartMark[]): Promise<boolean[]> {
    const due = marks.filter((mark) => !mark.dropped)
    if (due.length === 0) return marks.map(() => true)
    const counted = await markStarted(
      this.db,
      due.map((mark) => mark.key),
    )
    this.tell(due.map((mark) => mark.key))
    return marks.map((mark) => mark.dropped || counted.has(keyOf(mark.key)))
  }

  /** One that did not count has been overtaken by a change: to look at that is no mistake either. */
  private tell(keys: readonly AttemptKey[]): void {
    for (const { runId, stepIndex } of keys) this.changes.step(runId, stepIndex)
  }

  private async commitResults(items: Completion[]): Promise<Committed[]> {
    const { done, ended } = await completeSteps(this.db, items)
    this.ended.tell(ended)
    const keys = items.map(({ key }) => key)
    const counted = await this.countedOf(keys, done)
    return keys.map((key, index) => ({ counted: counted[index]!, atCommit: done.get(keyOf(key)) ?? null }))
  }

  /** A commit that did not count was either fenced, or had been made before its answer got lost. */
  private async countedOf(items: readonly AttemptKey[], counted: Pick<Applied, 'has'>): Promise<boolean[]> {
    this.tell(items)
    const rest = items.filter((item) => !counted.has(keyOf(item)))
    const before = rest.length === 0 ? new Set<string>() : await findCommitted(this.db, rest)
    return items.map((item) => counted.has(keyOf(item)) || before.has(keyOf(item)))
  }
}

/** What came of the commit of a result. */
export interface Committed {
  counted: boolean
  /** Null where only a look behind a lost answer has told that it counted, and where it did not. */
  atCommit: AtCommit | null
}

/** A start on its way to Postgres; `dropped` once its step has ended. */
export interface StartMark {
  readonly key: AttemptKey
  dropped: boolean
  counted: Promise<boolean>
}

function keyOf(key: AttemptKey): string {
  return stepKey(key.runId, key.stepIndex)
}
