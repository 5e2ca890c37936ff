import { sql } from 'drizzle-orm'
import { check, integer, json, pgTable, text, unique, uuid } from 'drizzle-orm/pg-core'
import type { Json } from '../../workflow/definition.ts'
import { at } from './columns.ts'

/** One row a name. `latest_version` is the highest version in workflow_versions. */
export const workflows = pgTable(
  'workflows',
  {
    id: uuid('id').primaryKey(),
    name: text('name').notNull().unique(),
    description: text('description'),
    latestVersion: integer('latest_version').notNull(),
    createdAt: at('created_at').notNull().defaultNow(),
    archivedAt: at('archived_at'),
  },
  (t) => [check('workflows_version_positive', sql`${t.latestVersion} >= 1`)],
)

/** Immutable: a run keeps the version it started with. `hash` is the SHA-256 of the canonical definition. */
export const workflowVersions = pgTable(
  'workflow_versions',
  {
    id: uuid('id').primaryKey(),
    workflowId: uuid('workflow_id')
      .notNull()
      .references(() => workflows.id, { onDelete: 'cascade' }),
    version: integer('version').notNull(),
    hash: text('hash').notNull(),
    definition: json('definition').$type<Json>().notNull(),
    stepCount: integer('step_count').notNull(),
    createdAt: at('created_at').notNull().defaultNow(),
  },
  (t) => [unique('workflow_versions_workflow_version').on(t.workflowId, t.version)],
)
