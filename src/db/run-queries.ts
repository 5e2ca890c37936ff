import {
  and,
  arrayContains,
  desc,
  eq,
  getTableName,
  gte,
  ilike,
  inArray,
  isNull,
  lt,
  lte,
  sql,
  type SQL,
} from 'drizzle-orm'
import type { Progress } from '../workflow/outcome.ts'
import type { RunStatus } from '../workflow/states.ts'
import type { Database } from './client.ts'
import { runs, steps, workflows, workflowVersions } from './schema.ts'
import { containing, firstUuidAt, shortUuid, uuidRange } from './search.ts'

/** What lists show of a run: no payloads. */
const ENTRY = {
  id: runs.id,
  workflowId: runs.workflowId,
  versionId: runs.versionId,
  workflowName: workflows.name,
  workflowVersion: workflowVersions.version,
  status: runs.status,
  error: runs.error,
  orderId: runs.orderId,
  parentRunId: runs.parentRunId,
  rerunOf: runs.rerunOf,
  scheduleId: runs.scheduleId,
  webhookId: runs.webhookId,
  compensation: runs.compensation,
  startAt: runs.startAt,
  deadlineAt: runs.deadlineAt,
  tags: runs.tags,
  priority: runs.priority,
  createdAt: runs.createdAt,
  startedAt: runs.startedAt,
  completedAt: runs.completedAt,
  stepsTotal: runs.stepsTotal,
  stepsCompleted: runs.stepsCompleted,
  stepsFailed: runs.stepsFailed,
  stepsSkipped: runs.stepsSkipped,
}

/** What only one run at a time is shown with. */
const DETAILS = { input: runs.input, context: runs.context, output: runs.output, epoch: runs.epoch }

const ALIASES: Record<string, string> = { runs: 'r', workflows: 'w', workflow_versions: 'v' }

/** The columns of a {@link RunDetail} as SQL, of `runs r`, `workflows w` and `workflow_versions v`. */
export const DETAIL_COLUMNS = Object.entries({ ...ENTRY, ...DETAILS })
  .map(([name, column]) => `${ALIASES[getTableName(column.table)]}."${column.name}" AS "${name}"`)
  .join(', ')

function selectEntries(db: Database) {
  return db.orm
    .select(ENTRY)
    .from(runs)
    .innerJoin(workflows, eq(workflows.id, runs.workflowId))
    .innerJoin(workflowVersions, eq(workflowVersions.id, runs.versionId))
    .$dynamic()
}

type Selected = Awaited<ReturnType<typeof selectEntries>>[number]

/** A run as lists show it. */
export type RunEntry = Omit<Selected, 'stepsTotal' | 'stepsCompleted' | 'stepsFailed' | 'stepsSkipped'> & {
  progress: Progress
}

/** Which runs to list; conditions that are left out hold for every run. */
export interface RunFilter {
  statuses?: readonly RunStatus[] | undefined
  workflowId?: string | undefined
  tag?: string | undefined
  /** The beginning of a run's id, its short id (`019aa5b4…7f3a11`), part of its workflow's name, or one of its tags. */
  search?: string | undefined
  createdAfter?: Date | undefined
  createdBefore?: Date | undefined
  /** Id of the last run of the page before. */
  before?: string | undefined
  limit: number
}

/**
 * Runs, newest first. Indexes: runs_pkey, runs_status or runs_workflow backwards, runs_tags, runs_created, whichever makes
 * the shortest way for the filter (docs/query-plans.md).
 */
export async function listRuns(db: Database, filter: RunFilter): Promise<RunEntry[]> {
  const conditions = conditionsOf(filter)
  const ids = filter.search === undefined ? null : await searchIds(db, filter.search, conditions, filter.limit)
  if (ids?.length === 0) return []
  const rows = await selectEntries(db)
    .where(ids === null ? and(...conditions) : inArray(runs.id, ids))
    .orderBy(desc(runs.id))
    .limit(filter.limit)
  return await withProgress(db, rows)
}

/** Runs of ids as lists show them, in any order; those that there are not are left out. Index: runs_pkey. */
export async function listRunsOf(db: Database, ids: readonly string[]): Promise<RunEntry[]> {
  if (ids.length === 0) return []
  return await withProgress(db, await selectEntries(db).where(inArray(runs.id, [...ids])))
}

/** Ids of the runs that {@link listRuns} lists, newest first; `undone`: whether compensated ones are among them. */
export async function listRunIds(db: Database, filter: RunFilter & { undone: boolean }): Promise<string[]> {
  const conditions = [...conditionsOf(filter), filter.undone ? undefined : isNull(runs.compensation)]
  const { search, limit } = filter
  if (search !== undefined) return (await searchIds(db, search, conditions, limit)).sort().toReversed().slice(0, limit)
  const rows = await db.orm
    .select({ id: runs.id })
    .from(runs)
    .where(and(...conditions))
    .orderBy(desc(runs.id))
    .limit(limit)
  return rows.map((row) => row.id)
}

/** How far the clocks of the processes that make ids, and of Postgres, which makes times, may be apart. */
const CLOCKS_APART_MS = 24 * 3_600_000

function conditionsOf(filter: RunFilter): (SQL | undefined)[] {
  const { statuses, workflowId, tag, createdAfter, createdBefore, before } = filter
  return [
    statuses && inArray(runs.status, [...statuses]),
    workflowId === undefined ? undefined : eq(runs.workflowId, workflowId),
    tag === undefined ? undefined : arrayContains(runs.tags, [tag]),
    // The bound on ids is implied; it spares walking over all runs outside of it.
    createdAfter && and(gte(runs.createdAt, createdAfter), gte(runs.id, idAt(createdAfter, -CLOCKS_APART_MS))),
    createdBefore && and(lt(runs.createdAt, createdBefore), lt(runs.id, idAt(createdBefore, CLOCKS_APART_MS))),
    before === undefined ? undefined : lt(runs.id, before),
  ]
}

const idAt = (date: Date, offsetMs: number) => firstUuidAt(new Date(date.getTime() + offsetMs))

/**
 * The newest runs that a search finds in one of its ways. Each way is a query of its own with the index that suits
 * it: of one query with `or`, Postgres makes a walk through all runs (110 ms for a tag among 100,000 runs, against 1).
 */
async function searchIds(
  db: Database,
  search: string,
  conditions: readonly (SQL | undefined)[],
  limit: number,
): Promise<string[]> {
  const named = await db.orm
    .select({ id: workflows.id })
    .from(workflows)
    .where(ilike(workflows.name, containing(search)))
  const short = shortUuid(search)
  const range = short ?? uuidRange(search)
  const ends = short === null ? undefined : sql`right(${runs.id}::text, ${short.end.length}::int) = ${short.end}`
  const ways = [
    arrayContains(runs.tags, [search]),
    ...(range === null ? [] : [and(gte(runs.id, range.first), lte(runs.id, range.last), ends)]),
    ...(named.length === 0
      ? []
      : [
          inArray(
            runs.workflowId,
            named.map(({ id }) => id),
          ),
        ]),
  ]
  const newest = (way: SQL | undefined) =>
    db.orm
      .select({ id: runs.id })
      .from(runs)
      .where(and(way, ...conditions))
      .orderBy(desc(runs.id))
      .limit(limit)
  const found = await Promise.all(ways.map(newest))
  return [...new Set(found.flat().map((row) => row.id))]
}

/** A run with its payloads; how far it has come its steps tell. */
export type RunDetail = Omit<RunEntry, 'progress'> & {
  [Key in keyof typeof DETAILS]: (typeof runs.$inferSelect)[Key]
}

/** One run; null if there is none. */
export async function getRun(db: Database, id: string): Promise<RunDetail | null> {
  return (await getRuns(db, [id]))[0] ?? null
}

/** Runs in any order; those that there are not are left out. Indexes: runs_pkey, workflows_pkey, workflow_versions_pkey. */
export async function getRuns(db: Database, ids: readonly string[]): Promise<RunDetail[]> {
  return await db.orm
    .select({ ...ENTRY, ...DETAILS })
    .from(runs)
    .innerJoin(workflows, eq(workflows.id, runs.workflowId))
    .innerJoin(workflowVersions, eq(workflowVersions.id, runs.versionId))
    .where(inArray(runs.id, [...ids]))
}

/** Ends of runs are written with their counts; of the others the steps are counted, all runs of the page at once. */
async function withProgress(db: Database, rows: readonly Selected[]): Promise<RunEntry[]> {
  const open = rows.filter((row) => row.stepsCompleted === null).map((row) => row.id)
  const counts = open.length === 0 ? new Map<string, Counts>() : await countSteps(db, open)
  return rows.map((row) => {
    const { stepsTotal: total, stepsCompleted, stepsFailed, stepsSkipped, ...run } = row
    const stored = { completed: stepsCompleted ?? 0, failed: stepsFailed ?? 0, skipped: stepsSkipped ?? 0 }
    return { ...run, progress: { total, ...(counts.get(row.id) ?? stored) } }
  })
}

type Counts = Omit<Progress, 'total'>

/** Index: steps_pkey, one range a run. */
async function countSteps(db: Database, runIds: string[]): Promise<Map<string, Counts>> {
  const count = (status: 'completed' | 'failed' | 'skipped') =>
    sql<number>`count(*) filter (where ${steps.status} = ${status})`.mapWith(Number)
  const rows = await db.orm
    .select({ runId: steps.runId, completed: count('completed'), failed: count('failed'), skipped: count('skipped') })
    .from(steps)
    .where(and(inArray(steps.runId, runIds), isNull(steps.parentIndex)))
    .groupBy(steps.runId)
  return new Map(rows.map(({ runId, ...counts }) => [runId, counts]))
}

/** The child runs of a run: the newest of each step that started any. Index: runs_parent. */
export async function listChildRuns(db: Database, runId: string): Promise<Map<number, string>> {
  const rows = await db.orm
    .select({ id: runs.id, stepIndex: runs.parentStepIndex })
    .from(runs)
    .where(eq(runs.parentRunId, runId))
    .orderBy(runs.id)
  return new Map(rows.flatMap(({ id, stepIndex }) => (stepIndex === null ? [] : [[stepIndex, id]])))
}
