import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { getWorkflow, type WorkflowRow } from '../../db/workflows.ts'
import type { Engine } from '../../engine/engine.ts'
import { registerWorkflow } from '../../engine/register.ts'
import { SluiceError } from '../../errors.ts'
import { PACKAGE_ROOT } from '../../package-root.ts'
import type { Json } from '../../workflow/definition.ts'
import { RUN_STATUSES, STEP_STATUSES } from '../../workflow/states.ts'
import { movingPaths, withoutInput } from '../moved-paths.ts'
import { payload } from '../payload.ts'
import { readRun } from '../run-view.ts'
import { id, timestamp, timestampOrNull } from '../schemas/fields.ts'
import { body, BODY_PROBLEMS, json, problems } from '../schemas/responses.ts'
import type { RunView } from '../schemas/run.ts'
import { startOne } from '../start-run.ts'
import { requireRunnable } from '../workflow-lookup.ts'

const WORKFLOW = 'manufacturing-analysis'
const DEFINITION_FILE = join(PACKAGE_ROOT, 'examples', `${WORKFLOW}.json`)

const tags = ['Manufacturing analysis']
const params = z.object({ id: z.string().openapi({ description: '`workflow_id` of the analysis' }) })

const taskSchema = z.object({
  task_id: z.string(),
  task_type: z.string(),
  status: z.enum(STEP_STATUSES),
  depends_on: z.array(z.string()),
  started_at: timestampOrNull,
  completed_at: timestampOrNull,
  error: z.string().nullable(),
})

const postRoute = createRoute({
  method: 'post',
  path: '/workflow',
  tags,
  summary: 'Analyse sensor data',
  request: {
    body: body(
      payload.openapi({
        type: 'object',
        description: 'Sensor data, the input of the workflow manufacturing-analysis',
        example: { sensors: { temperature: [71.9, 72.2, 72.1, 79.6] } },
      }),
    ),
  },
  responses: {
    202: json(z.object({ workflow_id: id }), 'What to ask the other two for'),
    ...problems(409, ...BODY_PROBLEMS),
  },
})

const statusRoute = createRoute({
  method: 'get',
  path: '/status/{id}',
  tags,
  summary: 'How far an analysis has come',
  request: { params },
  responses: {
    200: json(
      z.object({
        workflow_id: id,
        status: z.enum(RUN_STATUSES),
        created_at: timestamp,
        completed_at: timestampOrNull,
        error: z.string().nullable(),
        tasks: z.array(taskSchema),
      }),
      'The status of the analysis and of its tasks',
    ),
    ...problems(404),
  },
})

const resultsRoute = createRoute({
  method: 'get',
  path: '/results/{id}',
  tags,
  summary: 'The verdict of an analysis',
  request: { params },
  responses: { 200: json(payload, 'PASS, WARNING or FAIL, with the reasons'), ...problems(404) },
})

/** The workflow `manufacturing-analysis` under short routes. */
export function manufacturingRoutes(engine: Engine): OpenAPIHono {
  const app = new OpenAPIHono()
  app.openapi(postRoute, async (c) => {
    const version = await requireRunnable(engine, (await requireAnalysis(engine)).id)
    const { run } = await movingPaths(withoutInput, () => startOne(engine, version, { input: c.req.valid('json') }))
    return c.json({ workflow_id: run.id }, 202, { location: `/status/${run.id}` })
  })
  app.openapi(statusRoute, async (c) => {
    const run = await readAnalysis(engine, c.req.valid('param').id)
    const { id: workflow_id, status, created_at, completed_at, error } = run
    const tasks = run.steps.map(showTask)
    return c.json({ workflow_id, status, created_at, completed_at, error: error?.message ?? null, tasks }, 200)
  })
  app.openapi(resultsRoute, async (c) => {
    const run = await readAnalysis(engine, c.req.valid('param').id)
    if (run.status === 'completed') return c.json(run.output, 200)
    throw new SluiceError('not_found', `Analysis ${run.id} has no verdict: it is ${run.status}.`)
  })
  return app
}

/** The workflow, registered from the examples where nobody has registered it yet. */
async function requireAnalysis(engine: Engine): Promise<WorkflowRow> {
  const known = await getWorkflow(engine.db, WORKFLOW)
  if (known !== null) return known
  const definition = JSON.parse(await readFile(DEFINITION_FILE, 'utf8')) as Json
  return (await registerWorkflow(engine, definition)).workflow
}

async function readAnalysis(engine: Engine, runId: string): Promise<RunView> {
  const run = await readRun(engine, runId)
  if (run.workflow_name === WORKFLOW) return run
  throw new SluiceError('not_found', `Run ${run.id} is no analysis: it is one of ${run.workflow_name}.`)
}

function showTask(step: RunView['steps'][number]): z.infer<typeof taskSchema> {
  return {
    task_id: step.step_id,
    task_type: step.action ?? step.type,
    status: step.status,
    depends_on: step.depends_on,
    started_at: step.started_at,
    completed_at: step.completed_at,
    error: step.error_message,
  }
}
