import { z } from '@hono/zod-openapi'
import type { VersionEntry, VersionRow, WorkflowEntry, WorkflowRow } from '../../db/workflows.ts'
import { RUN_STATUSES } from '../../workflow/states.ts'
import { id, iso, timestamp, timestampOrNull } from './fields.ts'

const identity = {
  id,
  name: z.string(),
  version: z.int(),
  description: z.string().nullable(),
  created_at: timestamp.openapi({ description: 'When the first version came' }),
  updated_at: timestamp.openapi({ description: 'When this version came' }),
}

/** A definition as posted: order of keys kept, defaults not filled in. */
export const definitionSchema = z
  .looseObject({})
  .openapi({ description: 'A workflow definition; its JSON Schema is served at /api/v1/schema/workflow.json' })

/** A version of a workflow with its definition. */
export const workflowSchema = z.object({ ...identity, definition: definitionSchema }).openapi('Workflow')

/** The plan of a definition. */
export const planSchema = z
  .object({
    topological_order: z.array(z.string()),
    levels: z.array(z.array(z.string())).openapi({ description: 'The steps of a level can run at the same time' }),
    critical_path: z.array(z.string()).openapi({ description: 'A longest path, in steps' }),
    reduced_edges: z
      .array(z.object({ from: z.string(), to: z.string() }))
      .openapi({ description: 'The edges that no longer path implies' }),
    gates: z
      .array(z.object({ step: z.string(), openers: z.array(z.string()) }))
      .openapi({ description: 'Steps that wait at a gate, and the steps that open it' }),
  })
  .openapi('Plan')

/** A version of a workflow with its definition and plan. */
export const workflowDetailSchema = workflowSchema
  .extend({ plan: planSchema, archived_at: timestampOrNull })
  .openapi('WorkflowDetail')

/** A workflow in lists. */
export const workflowEntrySchema = z
  .object({
    ...identity,
    step_count: z.int(),
    last_run: z
      .object({
        id,
        status: z.enum(RUN_STATUSES),
        created_at: timestamp,
        started_at: timestampOrNull,
        completed_at: timestampOrNull,
      })
      .nullable(),
  })
  .openapi('WorkflowEntry')

/** A version in lists. */
export const versionEntrySchema = z
  .object({ id, version: z.int(), hash: z.string(), step_count: z.int(), created_at: timestamp })
  .openapi('WorkflowVersion')

/** What is wrong with a definition, or its plan. */
export const validationSchema = z
  .object({
    valid: z.boolean(),
    errors: z.array(z.object({ path: z.string(), code: z.string(), message: z.string() })),
    plan: planSchema.nullable(),
  })
  .openapi('Validation')

/** Shows a version of a workflow with its definition. */
export function showWorkflow(workflow: WorkflowRow, version: VersionRow): z.infer<typeof workflowSchema> {
  const definition = version.definition as Record<string, unknown>
  const description = definition['description']
  return {
    id: workflow.id,
    name: workflow.name,
    version: version.version,
    description: typeof description === 'string' ? description : null,
    definition,
    created_at: iso(workflow.createdAt),
    updated_at: iso(version.createdAt),
  }
}

/** Shows a workflow in a list. */
export function showWorkflowEntry(entry: WorkflowEntry): z.infer<typeof workflowEntrySchema> {
  const { workflow, lastRun } = entry
  return {
    id: workflow.id,
    name: workflow.name,
    version: workflow.latestVersion,
    description: workflow.description,
    created_at: iso(workflow.createdAt),
    updated_at: iso(entry.updatedAt),
    step_count: entry.stepCount,
    last_run: lastRun && {
      id: lastRun.id,
      status: lastRun.status,
      created_at: iso(lastRun.createdAt),
      started_at: iso(lastRun.startedAt),
      completed_at: iso(lastRun.completedAt),
    },
  }
}

/** Shows a version in a list. */
export function showVersionEntry(entry: VersionEntry): z.infer<typeof versionEntrySchema> {
  return {
    id: entry.id,
    version: entry.version,
    hash: entry.hash,
    step_count: entry.stepCount,
    created_at: iso(entry.createdAt),
  }
}
