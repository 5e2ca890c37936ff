import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { listApprovals } from '../../db/approvals.ts'
import { isUuid } from '../../db/search.ts'
import { getWorkflow } from '../../db/workflows.ts'
import type { Asked } from '../../engine/control.ts'
import { decideApproval } from '../../engine/decide-approval.ts'
import type { Engine } from '../../engine/engine.ts'
import { SluiceError } from '../../errors.ts'
import { LIMITS } from '../../workflow/limits.ts'
import { APPROVAL_STATUSES } from '../../workflow/states.ts'
import { askedBy } from '../asked-by.ts'
import { decodeCursor, pageFrom, pageOf, pageQuery, UUID } from '../pages.ts'
import { storableText } from '../payload.ts'
import { strict } from '../problems.ts'
import { requireRun } from '../run-view.ts'
import { approvalSchema, decisionSchema, showApproval } from '../schemas/approval.ts'
import { listOf } from '../schemas/fields.ts'
import { json, optionalBody, problems } from '../schemas/responses.ts'
import { requireStep } from '../step-view.ts'

const tags = ['Approvals']

const listRoute = createRoute({
  method: 'get',
  path: '/approvals',
  tags,
  summary: 'List what steps ask people, newest first',
  request: {
    query: strict({
      status: listOf(APPROVAL_STATUSES).optional(),
      workflow: storableText(1, 128).optional().openapi({ description: 'Id or name' }),
      run: z.uuid().optional().openapi({ description: 'Id of a run' }),
      ...pageQuery,
    }),
  },
  responses: { 200: json(pageOf(approvalSchema), 'A page'), ...problems(422) },
})

const getRoute = createRoute({
  method: 'get',
  path: '/approvals/{approval}',
  tags,
  summary: 'One approval with its decisions',
  request: { params: z.object({ approval: z.string().openapi({ description: 'Id of an approval' }) }) },
  responses: { 200: json(approvalSchema, 'The approval'), ...problems(404) },
})

const stepParams = z.object({
  run: z.string().openapi({ description: 'Id of a run' }),
  step: z.string().openapi({ description: 'Id of a step that asks; an item of a map is `id[0]`' }),
})

const decisionRoute = <Verb extends 'approve' | 'reject'>(verb: Verb) =>
  createRoute({
    method: 'post',
    path: `/runs/{run}/steps/{step}/${verb}`,
    tags,
    summary: verb === 'approve' ? 'Let a step that asks go on' : 'Fail a step that asks',
    description: 'Of several who decide at the same moment one wins; the others get 409.',
    request: { params: stepParams, body: optionalBody(decisionSchema) },
    responses: { 200: json(approvalSchema, 'The approval'), ...problems(403, 404, 409, 413, 422) },
  })

/** Approvals: the inbox, and deciding. */
export function approvalRoutes(engine: Engine): OpenAPIHono {
  const app = new OpenAPIHono()
  app.openapi(listRoute, async (c) => {
    const { status, workflow, run, limit, cursor } = c.req.valid('query')
    const found = workflow === undefined ? undefined : await getWorkflow(engine.db, workflow)
    if (found === null) return c.json({ items: [], next_cursor: null }, 200)
    const rows = await listApprovals(engine.db, {
      statuses: status,
      workflowId: found?.id,
      runId: run,
      before: decodeCursor(cursor, UUID),
      limit: limit + 1,
    })
    return c.json(pageFrom(rows, limit, { key: (row) => row.id, item: showApproval }), 200)
  })
  app.openapi(getRoute, async (c) => {
    const { approval: id } = c.req.valid('param')
    const [row] = isUuid(id) ? await listApprovals(engine.db, { id, limit: 1 }) : []
    if (row === undefined) throw new SluiceError('not_found', `There is no approval "${id}".`)
    return c.json(showApproval(row), 200)
  })
  const decide = async (
    approved: boolean,
    place: z.output<typeof stepParams>,
    body: z.output<typeof decisionSchema>,
    asked: Asked,
  ) => {
    const run = await requireRun(engine, place.run)
    const { stepIndex } = await requireStep(engine, run, place.step)
    const { by = '', comment = null, data = null, input_hash: inputHash = null } = body
    refuseLarge(data)
    const decision = { runId: run.id, stepId: place.step, approved, by, comment, data, inputHash }
    await decideApproval(engine, decision, asked)
    const [row] = await listApprovals(engine.db, { runId: run.id, stepIndex, limit: 1 })
    if (row === undefined) throw new SluiceError('not_found', `Step "${place.step}" has asked for no approval.`)
    return showApproval(row)
  }
  app.openapi(decisionRoute('approve'), async (c) =>
    c.json(await decide(true, c.req.valid('param'), c.req.valid('json'), askedBy(c)), 200),
  )
  app.openapi(decisionRoute('reject'), async (c) =>
    c.json(await decide(false, c.req.valid('param'), c.req.valid('json'), askedBy(c)), 200),
  )
  return app
}

function refuseLarge(data: unknown): void {
  const bytes = Buffer.byteLength(JSON.stringify(data))
  if (bytes <= LIMITS.outputBytes) return
  const message = `data is ${bytes} bytes, more than the limit of ${LIMITS.outputBytes} of a step's output`
  throw new SluiceError('invalid_input', message, { problems: [{ path: '/data', code: 'limit_exceeded', message }] })
}
