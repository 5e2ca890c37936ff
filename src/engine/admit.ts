import {
  ADMITTED_AT_ONCE,
  admitGroup,
  admitPunctual,
  findOverdue,
  pageOfGroups,
  type SlotGroup,
} from '../db/admission.ts'
import { cancelRuns } from './cancel.ts'
import { redispatch } from './dispatch.ts'
import type { Engine } from './engine.ts'
import { followQueueLife } from './queue-life.ts'

/**
 * Admission. Runs with a `start_at` in the future, or of a workflow with a concurrency limit, are held back in Postgres
 * until it is their turn. What is admitted and not dispatched, the reconciler dispatches.
 */

/** Groups looked at in one tick. */
const GROUPS_PER_TICK = 200
/** Runs timed out in one go. */
const OVERDUE_PER_TICK = 100
/** A start within this time has a timer in the process that took it; the others wait for the leader's tick. */
const HINT_MS = 60_000

/** Admits and dispatches what there are slots for in a group. */
async function admitRuns(engine: Engine, group: SlotGroup): Promise<void> {
  await inBatches(engine, () => admitGroup(engine.db, group))
}

/** {@link admitRuns} of several groups in the background; what goes wrong the leader's tick makes up for. */
export function admitSoon(engine: Engine, groups: readonly SlotGroup[]): void {
  const distinct = new Map(groups.map((group) => [`${group.workflowId} ${group.concurrencyKey}`, group]))
  const work = async () => {
    for (const group of distinct.values()) await admitRuns(engine, group)
  }
  inBackground(engine, work)
}

/** Has a run looked at when its time has come, where that is soon. */
export function hintStart(engine: Engine, startAt: Date, group: SlotGroup | null): void {
  const inMs = startAt.getTime() - Date.now()
  if (inMs > HINT_MS) return
  const work = () => (group === null ? admitUnlimited(engine) : admitRuns(engine, group))
  // A few milliseconds late rather than early by Postgres's clock.
  setTimeout(() => inBackground(engine, work), Math.max(0, inMs) + 20).unref()
}

/** Where the next tick goes on looking. */
export class Admission {
  private readonly engine: Engine
  private cursor: SlotGroup | null = null

  constructor(engine: Engine) {
    this.engine = engine
  }

  /** Admits whatever is due. */
  async tick(): Promise<void> {
    await admitUnlimited(this.engine)
    const groups = await pageOfGroups(this.engine.db, { cursor: this.cursor, limit: GROUPS_PER_TICK })
    for (const group of groups) if (group.isDue) await admitRuns(this.engine, group)
    this.cursor = groups.length < GROUPS_PER_TICK ? null : groups.at(-1)!
  }
}

async function admitUnlimited(engine: Engine): Promise<void> {
  await inBatches(engine, () => admitPunctual(engine.db))
}

async function inBatches(engine: Engine, admit: () => Promise<string[]>): Promise<void> {
  for (;;) {
    const ids = await admit()
    if (ids.length === 0) return
    engine.changes.runs(ids)
    // Without the token of the queue's life, the reconciler would dispatch them a second time.
    if (engine.queueLife.token === null) await followQueueLife(engine)
    await redispatch(engine, ids)
    if (ids.length < ADMITTED_AT_ONCE) return
  }
}

/** Ends runs whose time is up, which needs no queue. Time counts from the admission, also while a run is paused. */
export async function failOverdue(engine: Engine): Promise<void> {
  const overdue = await findOverdue(engine.db, OVERDUE_PER_TICK)
  for (const seconds of new Set(overdue.map((run) => run.seconds))) {
    const ids = overdue.filter((run) => run.seconds === seconds).map((run) => run.id)
    const message = `the run lasted longer than timeout_seconds (${seconds})`
    await cancelRuns(engine, ids, { stopError: { code: 'timeout', message } })
  }
}

function inBackground(engine: Engine, work: () => Promise<void>): void {
  work().catch((error: unknown) =>
    engine.log.warn({ err: error }, 'runs were not admitted: the leader will see to them at its next tick'),
  )
}
