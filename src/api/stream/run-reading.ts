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
  detail: RunDetail | undefined
}

/**
 * Reads runs, by id; those that there are not are left out. One statement, but for runs that are new, or have ended or
 * begun again since: their payloads are read, too.
 */
export async function readRuns(db: Database, queries: readonly RunQuery[]): Promise<Map<string, RunReading>> {
  const details = await readDetails(
    db,
    queries.filter((query) => query.completedAt === undefined).map((query) => query.runId),
  )
  const states = await readRunStates(db, queries)
  const completedAt = new Map(queries.map((query) => [query.runId, query.completedAt]))
  const isNew = ({ id, completedAt: now }: RunState) => {
    const known = details.has(id) ? details.get(id)?.completedAt : completedAt.get(id)
    return known?.getTime() !== now?.getTime()
  }
  const again = await readDetails(
    db,
    states.filter(isNew).map((state) => state.id),
  )
  return new Map(states.map((state) => [state.id, { state, detail: again.get(state.id) ?? details.get(state.id) }]))
}

async function readDetails(db: Database, ids: readonly string[]): Promise<Map<string, RunDetail>> {
  const details = ids.length === 0 ? [] : await getRuns(db, ids)
  return new Map(details.map((detail) => [detail.id, detail]))
}
