import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { getVersion, listVersions, listWorkflows } from '../../db/workflows.ts'
import type { Engine } from '../../engine/engine.ts'
import { archiveWorkflow, registerWorkflow, replaceDefinition, validate } from '../../engine/register.ts'
import { SluiceError } from '../../errors.ts'
import { planSummary } from '../../workflow/plan.ts'
import { decodeCursor, pageFrom, pageOf, pageQuery, UUID } from '../pages.ts'
import { strict } from '../problems.ts'
import { storableText } from '../payload.ts'
import { postedDefinition } from '../schemas/definition.ts'
import { iso } from '../schemas/fields.ts'
import { body, BODY_PROBLEMS, json, problems } from '../schemas/responses.ts'
import * as shapes from '../schemas/workflow.ts'
import { requireWorkflow } from '../workflow-lookup.ts'

const tags = ['Workflows']
const VERSION = /^[1-9]\d{0,8}$/

/** A workflow in a path: its id or its name. */
export const workflowParams = z.object({ workflow: z.string().openapi({ description: 'Id or name' }) })

const postRoute = createRoute({
  method: 'post',
  path: '/workflows',
  tags,
  summary: 'Store a definition',
  description: 'As a new workflow, as a new version of the one with its name, or not at all where nothing changed.',
  request: { body: body(postedDefinition) },
  responses: {
    200: json(shapes.workflowSchema, 'This definition is the latest version already'),
    201: json(shapes.workflowSchema, 'A new workflow, or a new version'),
    ...problems(...BODY_PROBLEMS),
  },
})

const validateRoute = createRoute({
  method: 'post',
  path: '/workflows/validate',
  tags,
  summary: 'Check a definition, and store nothing',
  request: { body: body(postedDefinition) },
  responses: {
    200: json(shapes.validationSchema, 'All that is wrong, or the plan'),
    ...problems(...BODY_PROBLEMS),
  },
})

const search = storableText(0, 200).optional().openapi({ description: 'Part of the name or the description' })
const listRoute = createRoute({
  method: 'get',
  path: '/workflows',
  tags,
  summary: 'List workflows, newest first',
  request: { query: strict({ search, ...pageQuery }) },
  responses: { 200: json(pageOf(shapes.workflowEntrySchema), 'A page'), ...problems(422) },
})

const version = z.string().regex(VERSION, 'a whole number from 1').transform(Number).optional()
const getRoute = createRoute({
  method: 'get',
  path: '/workflows/{workflow}',
  tags,
  summary: 'One workflow with its definition and plan',
  request: {
    params: workflowParams,
    query: strict({ version: version.openapi({ type: 'integer', description: 'Default: the latest' }) }),
  },
  responses: { 200: json(shapes.workflowDetailSchema, 'The workflow'), ...problems(404, 422) },
})

const ifMatch = z.string().optional()
const putRoute = createRoute({
  method: 'put',
  path: '/workflows/{workflow}',
  tags,
  summary: 'Store a new version',
  request: {
    params: workflowParams,
    headers: z.object({ 'if-match': ifMatch.openapi({ description: 'The version to be replaced', example: '"3"' }) }),
    body: body(postedDefinition),
  },
  responses: { 200: json(shapes.workflowSchema, 'The workflow'), ...problems(404, 409, 412, ...BODY_PROBLEMS) },
})

const versionsRoute = createRoute({
  method: 'get',
  path: '/workflows/{workflow}/versions',
  tags,
  summary: 'List the versions of a workflow, newest first',
  request: { params: workflowParams, query: strict(pageQuery) },
  responses: { 200: json(pageOf(shapes.versionEntrySchema), 'A page'), ...problems(404, 422) },
})

const deleteRoute = createRoute({
  method: 'delete',
  path: '/workflows/{workflow}',
  tags,
  summary: 'Archive a workflow: no new runs, old ones stay readable',
  request: { params: workflowParams },
  responses: { 204: { description: 'Archived' }, ...problems(404) },
})

/** Workflows: store, validate, list, show, change, archive. */
export function workflowRoutes(engine: Engine): OpenAPIHono {
  const app = new OpenAPIHono()
  app.openapi(postRoute, async (c) => {
    const { workflow, version, isNew } = await registerWorkflow(engine, c.req.valid('json'))
    return c.json(shapes.showWorkflow(workflow, version), isNew ? 201 : 200, etag(version.version))
  })
  app.openapi(validateRoute, async (c) => {
    const result = await validate(engine, c.req.valid('json'))
    const plan = result.valid ? planSummary(result.plan, idsOf(result.definition.steps)) : null
    return c.json({ valid: result.valid, errors: result.errors, plan }, 200)
  })
  app.openapi(listRoute, async (c) => {
    const { search, limit, cursor } = c.req.valid('query')
    const rows = await listWorkflows(engine.db, { search, before: decodeCursor(cursor, UUID), limit: limit + 1 })
    return c.json(pageFrom(rows, limit, { key: (row) => row.workflow.id, item: shapes.showWorkflowEntry }), 200)
  })
  app.openapi(getRoute, async (c) => {
    const workflow = await requireWorkflow(engine, c.req.valid('param').workflow)
    const number = c.req.valid('query').version ?? workflow.latestVersion
    const version = await getVersion(engine.db.orm, workflow.id, number)
    if (version === null) throw new SluiceError('not_found', `Workflow ${workflow.name} has no version ${number}.`)
    const compiled = await engine.versions.get(version.id)
    const plan = planSummary(compiled.plan, idsOf(compiled.steps))
    const archived_at = iso(workflow.archivedAt)
    return c.json({ ...shapes.showWorkflow(workflow, version), plan, archived_at }, 200, etag(number))
  })
  app.openapi(putRoute, async (c) => {
    const { id } = await requireWorkflow(engine, c.req.valid('param').workflow)
    const expected = { workflowId: id, version: expectedVersion(c.req.valid('header')['if-match']) }
    const { workflow, version } = await replaceDefinition(engine, expected, c.req.valid('json'))
    return c.json(shapes.showWorkflow(workflow, version), 200, etag(version.version))
  })
  app.openapi(versionsRoute, async (c) => {
    const { id } = await requireWorkflow(engine, c.req.valid('param').workflow)
    const { limit, cursor } = c.req.valid('query')
    const key = decodeCursor(cursor, VERSION)
    const before = key === undefined ? undefined : Number(key)
    const rows = await listVersions(engine.db, id, { before, limit: limit + 1 })
    return c.json(pageFrom(rows, limit, { key: (row) => String(row.version), item: shapes.showVersionEntry }), 200)
  })
  app.openapi(deleteRoute, async (c) => {
    const { id } = await requireWorkflow(engine, c.req.valid('param').workflow)
    await archiveWorkflow(engine, id)
    return c.body(null, 204)
  })
  return app
}

/** The version that `If-Match` names; undefined for none, and for `*`, which any version matches. */
function expectedVersion(header: string | undefined): number | undefined {
  if (header === undefined || header.trim() === '*') return undefined
  const number = /^(?:W\/)?"?([1-9]\d{0,8})"?$/.exec(header.trim())?.[1]
  if (number !== undefined) return Number(number)
  throw new SluiceError('version_mismatch', `If-Match is ${header}, which is no version: expected one like "3".`)
}

const etag = (number: number) => ({ etag: `"${number}"` })

const idsOf = (steps: readonly { id: string }[]) => steps.map((step) => step.id)
