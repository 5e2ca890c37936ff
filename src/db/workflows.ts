import { and, desc, eq, getTableColumns, ilike, isNull, lt, or, sql } from 'drizzle-orm'
import type { Json } from '../workflow/definition.ts'
import type { RunStatus } from '../workflow/states.ts'
import type { Database, Transaction } from './client.ts'
import { runs, workflows, workflowVersions } from './schema.ts'
import { containing, isUuid } from './search.ts'

/** A workflow, without its versions. */
export type WorkflowRow = typeof workflows.$inferSelect
/** One version with its definition. */
export type VersionRow = typeof workflowVersions.$inferSelect
/** A version as lists show it. */
export type VersionEntry = Omit<VersionRow, 'definition'>

type Executor = Pick<Database['orm'], 'select' | 'update'>

/** The workflow of an id or, where no id fits, of a name; null if there is none. Indexes: workflows_pkey, workflows_name_unique. */
export async function getWorkflow(db: Database, idOrName: string): Promise<WorkflowRow | null> {
  const found = await db.orm
    .select()
    .from(workflows)
    .where(or(eq(workflows.name, idOrName), isUuid(idOrName) ? eq(workflows.id, idOrName) : undefined))
    .limit(2)
  return found.find((row) => row.id === idOrName.toLowerCase()) ?? found[0] ?? null
}

/** The latest version of a workflow, as far as a start needs it. */
export interface LatestVersion {
  id: string
  workflowId: string
  name: string
  version: number
  archivedAt: Date | null
}

const LATEST = `
SELECT v.id, w.id AS "workflowId", w.name, v.version, w.archived_at AS "archivedAt"
FROM workflows w JOIN workflow_versions v ON v.workflow_id = w.id AND v.version = w.latest_version
WHERE w.id = COALESCE((SELECT id FROM workflows WHERE id = $2::uuid), (SELECT id FROM workflows WHERE name = $1))`

/** The latest version of a workflow by its id, or else by its name; null if there is none. Indexes: its unique ones. */
export async function getLatestVersion(db: Database, idOrName: string): Promise<LatestVersion | null> {
  const values = [idOrName, isUuid(idOrName) ? idOrName : null]
  const rows = await db.batch<LatestVersion & Record<string, unknown>>('latest_version', LATEST, values)
  return rows[0] ?? null
}

/** One version of a workflow; null if there is none. Index: workflow_versions_workflow_version. */
export async function getVersion(db: Executor, workflowId: string, version: number): Promise<VersionRow | null> {
  const rows = await db
    .select()
    .from(workflowVersions)
    .where(and(eq(workflowVersions.workflowId, workflowId), eq(workflowVersions.version, version)))
  return rows[0] ?? null
}

/** A version to look up; `version` null: the latest. */
interface VersionQuery {
  workflow: string
  version: number | null
}

/**
 * Definitions of versions by workflow name, archived workflows included; those that do not exist are left out. Indexes:
 * workflows_name_unique, workflow_versions_workflow_version.
 */
export async function readDefinitions(
  db: Database,
  queries: readonly VersionQuery[],
): Promise<(VersionQuery & { definition: Json })[]> {
  return await db.batch(
    'read_definitions',
    `SELECT q.workflow, q.version, v.definition
     FROM unnest($1::text[], $2::int[]) AS q(workflow, version)
     JOIN workflows w ON w.name = q.workflow
     JOIN workflow_versions v ON v.workflow_id = w.id AND v.version = coalesce(q.version, w.latest_version)`,
    [queries.map(({ workflow }) => workflow), queries.map(({ version }) => version)],
  )
}

/** The id of a version, which is all that a start needs of it; null if there is none. Index: workflow_versions_workflow_version. */
export async function getVersionId(db: Database, workflowId: string, version: number): Promise<string | null> {
  const rows = await db.orm
    .select({ id: workflowVersions.id })
    .from(workflowVersions)
    .where(and(eq(workflowVersions.workflowId, workflowId), eq(workflowVersions.version, version)))
  return rows[0]?.id ?? null
}

/** A workflow as lists show it. */
export interface WorkflowEntry {
  workflow: WorkflowRow
  stepCount: number
  /** When its latest version came. */
  updatedAt: Date
  lastRun: {
    id: string
    status: RunStatus
    createdAt: Date
    startedAt: Date | null
    completedAt: Date | null
  } | null
}

/** What to list; `before` is the id of the last workflow of the page before. */
export interface WorkflowFilter {
  search?: string | undefined
  before?: string | undefined
  limit: number
}

/**
 * Workflows that are not archived, newest first. Indexes: workflows_pkey backwards, workflow_versions_workflow_version,
 * and runs_workflow for the last run of each; `search` looks at each row (thousands at most, without payloads).
 */
export async function listWorkflows(db: Database, filter: WorkflowFilter): Promise<WorkflowEntry[]> {
  const pattern = filter.search === undefined ? undefined : containing(filter.search)
  const lastRun = db.orm
    .select({
      id: runs.id,
      status: runs.status,
      createdAt: runs.createdAt,
      startedAt: runs.startedAt,
      completedAt: runs.completedAt,
    })
    .from(runs)
    .where(eq(runs.workflowId, workflows.id))
    .orderBy(desc(runs.id))
    .limit(1)
    .as('last_run')
  return await db.orm
    .select({
      workflow: workflows,
      stepCount: workflowVersions.stepCount,
      updatedAt: workflowVersions.createdAt,
      lastRun: {
        id: lastRun.id,
        status: lastRun.status,
        createdAt: lastRun.createdAt,
        startedAt: lastRun.startedAt,
        completedAt: lastRun.completedAt,
      },
    })
    .from(workflows)
    .innerJoin(
      workflowVersions,
      and(eq(workflowVersions.workflowId, workflows.id), eq(workflowVersions.version, workflows.latestVersion)),
    )
    .leftJoinLateral(lastRun, sql`true`)
    .where(
      and(
        isNull(workflows.archivedAt),
        filter.before === undefined ? undefined : lt(workflows.id, filter.before),
        pattern === undefined ? undefined : or(ilike(workflows.name, pattern), ilike(workflows.description, pattern)),
      ),
    )
    .orderBy(desc(workflows.id))
    .limit(filter.limit)
}

/** Versions of a workflow, newest first, without definitions. Index: workflow_versions_workflow_version backwards. */
export async function listVersions(
  db: Database,
  workflowId: string,
  page: { before?: number | undefined; limit: number },
): Promise<VersionEntry[]> {
  const { definition: _payload, ...columns } = getTableColumns(workflowVersions)
  return await db.orm
    .select(columns)
    .from(workflowVersions)
    .where(
      and(
        eq(workflowVersions.workflowId, workflowId),
        page.before === undefined ? undefined : lt(workflowVersions.version, page.before),
      ),
    )
    .orderBy(desc(workflowVersions.version))
    .limit(page.limit)
}

/**
 * Inserts a workflow if its name is free; null if it is not. Waits for a concurrent insert of the same name to
 * commit or give up, so exactly one of any number inserts.
 */
export async function insertWorkflow(tx: Transaction, row: typeof workflows.$inferInsert): Promise<WorkflowRow | null> {
  const inserted = await tx.insert(workflows).values(row).onConflictDoNothing({ target: workflows.name }).returning()
  return inserted[0] ?? null
}

/** The workflow of a name or an id, locked until the transaction ends; null if there is none. */
export async function lockWorkflow(
  tx: Transaction,
  by: { name: string } | { id: string },
): Promise<WorkflowRow | null> {
  const condition = 'id' in by ? eq(workflows.id, by.id) : eq(workflows.name, by.name)
  const rows = await tx.select().from(workflows).where(condition).for('update')
  return rows[0] ?? null
}

/** A version to insert. */
export interface NewVersion {
  id: string
  workflowId: string
  version: number
  hash: string
  definition: Json
  stepCount: number
}

/** Inserts a version, whose number must be new. */
export async function insertVersion(tx: Transaction, row: NewVersion): Promise<VersionRow> {
  const rows = await tx.insert(workflowVersions).values(row).returning()
  const inserted = rows[0]
  if (inserted === undefined) throw new Error('inserting a version returned no row')
  return inserted
}

/** Makes a version the latest, with its description, and takes the workflow out of the archive. */
export async function setLatest(
  tx: Transaction,
  workflowId: string,
  latest: { version: number; description: string | null },
): Promise<void> {
  await tx
    .update(workflows)
    .set({ latestVersion: latest.version, description: latest.description, archivedAt: null })
    .where(eq(workflows.id, workflowId))
}

/** Archives a workflow; one that is archived already keeps its time. */
export async function setArchived(db: Database, workflowId: string): Promise<void> {
  await db.orm
    .update(workflows)
    .set({ archivedAt: sql`now()` })
    .where(and(eq(workflows.id, workflowId), isNull(workflows.archivedAt)))
}
