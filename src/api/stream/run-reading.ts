import type { Database } from '../../db/client.ts'
import { getRuns, type RunDetail } from '../../db/run-queries.ts'
import { readRunStates, type RunState, type RunStateQuery } from '../../db/run-states.ts'

/** What is to be read of a run, and what is known of it. */
export interface RunQuery extends RunStateQuery {
  /** When it ended, as last read; undefined: it has never been read. */
  completedAt: Date | null | undefined
}

/** What was read of a run; `detail` where its payloads are new. */
export interface RunReading {
  state: RunState
  /** Whether it has all steps. */
  isWhole: boolean
  detail: RunDetail | undefined
}

/**
 * Reads runs, by id; those that there are not are left out. One statement, but for runs that are new, or have ended or
 * begun again since: their payloads are read, too. Of a run that has ended all steps are read: those that it ended with
 * may not have been asked for yet.
 */
export async function readRuns(db: Database, queries: readonly RunQuery[]): Promise<Map<string, RunReading>> {
  const details = await readDetails(
    db,
    queries.filter((query) => query.completedAt === undefined).map((query) => query.runId),
  )
  const states = await readRunStates(db, queries)
  const asked = new Map(queries.map((query) => [query.runId, query]))
  const isNew = ({ id, completedAt: now }: RunState) => {
    const known = details.has(id) ? details.get(id)?.completedAt : asked.get(id)?.completedAt
    return known?.getTime() !== now?.getTime()
  }
  const changed = states.filter(isNew)
  const whole = await readWhole(
    db,
    changed.filter(({ id, completedAt }) => completedAt !== null && asked.get(id)?.steps !== null),
  )
  const again = await readDetails(
    db,
    changed.map((state) => state.id),
  )
  return new Map(
    states.map((state) => {
      const { id } = state
      const isWhole = whole.has(id) || asked.get(id)?.steps === null
      return [id, { state: whole.get(id) ?? state, isWhole, detail: again.get(id) ?? details.get(id) }]
    }),
  )
}

async function readWhole(db: Database, runs: readonly RunState[]): Promise<Map<string, RunState>> {
  if (runs.length === 0) return new Map()
  const states = await readRunStates(
    db,
    runs.map(({ id }) => ({ runId: id, steps: null })),
  )
  return new Map(states.map((state) => [state.id, state]))
}

async function readDetails(db: Database, ids: readonly string[]): Promise<Map<string, RunDetail>> {
  const details = ids.length === 0 ? [] : await getRuns(db, ids)
  return new Map(details.map((detail) => [detail.id, detail]))
}
