import { and, asc, eq, gt, isNull, max, sql } from 'drizzle-orm'
import type { Json } from '../workflow/definition.ts'
import type { Database } from './client.ts'
import { actions, workerActions, workers } from './schema.ts'

/** An action as announced, with who offers it now. */
export interface ActionEntry {
  action: typeof actions.$inferSelect
  /** Worker processes that are alive and offer it. */
  workers: number
  /** Queues that those serve. */
  queues: string[]
  /** When a worker that offers it was last heard of, or it was announced. */
  lastSeenAt: Date
}

/** Which actions to list; `after` is the last name of the page before. */
export interface ActionFilter {
  /** A worker is alive that was heard of within this time. */
  aliveMs: number
  after?: string | undefined
  limit: number
}

/** Actions by name. Indexes: the primary keys. */
export async function listActions(db: Database, { aliveMs, after, limit }: ActionFilter): Promise<ActionEntry[]> {
  const offers = db.orm
    .select({
      action: workerActions.action,
      workers: sql<number>`count(*)`.mapWith(Number).as('workers'),
      queues: sql<string[][]>`json_agg(to_json(${workers.queues}))`.as('queues'),
      heartbeatAt: max(workers.heartbeatAt).as('heartbeat_at'),
    })
    .from(workerActions)
    .innerJoin(workers, eq(workers.id, workerActions.workerId))
    .where(isAlive(aliveMs))
    .groupBy(workerActions.action)
    .as('offers')
  const rows = await db.orm
    .select({ action: actions, workers: offers.workers, queues: offers.queues, heartbeatAt: offers.heartbeatAt })
    .from(actions)
    .leftJoin(offers, eq(offers.action, actions.name))
    .where(after === undefined ? undefined : gt(actions.name, after))
    .orderBy(asc(actions.name))
    .limit(limit)
  return rows.map(({ action, workers: count, queues, heartbeatAt }) => ({
    action,
    workers: count ?? 0,
    queues: [...new Set((queues ?? []).flat())].toSorted(),
    lastSeenAt: heartbeatAt !== null && heartbeatAt > action.lastSeenAt ? heartbeatAt : action.lastSeenAt,
  }))
}

/** Input and output schemas of all announced actions, by name. Index: none, a few rows. */
export async function readActionSchemas(db: Database): Promise<Map<string, { inputSchema: Json; outputSchema: Json }>> {
  const { name, inputSchema, outputSchema } = actions
  const rows = await db.orm.select({ name, inputSchema, outputSchema }).from(actions)
  return new Map(rows.map((row) => [row.name, row]))
}

/** Whether a worker beats: it was heard of within `aliveMs`, and has not said goodbye. */
export function isAlive(aliveMs: number) {
  return and(
    isNull(workers.stoppedAt),
    gt(workers.heartbeatAt, sql`clock_timestamp() - ${aliveMs} * interval '1 millisecond'`),
  )
}

/** Queues that workers serve, or served lately, by name. Index: workers_heartbeat. */
export async function listServedQueues(db: Database): Promise<string[]> {
  const rows = await db.orm
    .selectDistinct({ name: sql<string>`unnest(${workers.queues})` })
    .from(workers)
    .where(gt(workers.heartbeatAt, sql`clock_timestamp() - interval '1 day'`))
  return rows.map((row) => row.name).toSorted()
}

const WANTED_QUEUES = `
SELECT DISTINCT named.queue AS name
FROM (SELECT DISTINCT version_id FROM runs WHERE status NOT IN ('completed', 'failed', 'cancelled')) r
JOIN workflow_versions v ON v.id = r.version_id,
LATERAL json_array_elements(v.definition -> 'steps') AS s(step),
LATERAL unnest(ARRAY[s.step ->> 'queue', s.step #>> '{config,step,queue}']) AS named(queue)
WHERE named.queue IS NOT NULL`

/**
 * Queues that steps of unfinished runs name, items of maps included, whether or not a worker serves them. It reads each
 * definition in use once, so callers share an answer for some seconds. Index: runs_unfinished. Locks nothing.
 */
export async function listWantedQueues(db: Database): Promise<string[]> {
  return (await db.batch<{ name: string }>('wanted_queues', WANTED_QUEUES, [])).map(({ name }) => name)
}
