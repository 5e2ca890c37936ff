import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { isUuid } from '../../db/search.ts'
import type { Engine } from '../../engine/engine.ts'
import { explainRun } from '../../engine/explain.ts'
import { SluiceError } from '../../errors.ts'
import { strict } from '../problems.ts'
import { diffRuns } from '../run-diff.ts'
import { diffSchema } from '../schemas/diff.ts'
import { whySchema } from '../schemas/explain.ts'
import { json, problems } from '../schemas/responses.ts'

const tags = ['Runs']

const whyRoute = createRoute({
  method: 'get',
  path: '/runs/{run}/why',
  tags,
  summary: 'Why a run, and each of its unsettled steps, does not go on',
  request: { params: z.object({ run: z.string().openapi({ description: 'Id of a run' }) }) },
  responses: { 200: json(whySchema, 'A chain of reasons for each unsettled step'), ...problems(404) },
})

const diffRoute = createRoute({
  method: 'get',
  path: '/runs/diff',
  tags,
  summary: 'Compare two runs of one workflow, step by step',
  request: {
    query: strict({
      a: z.string().openapi({ description: 'Id of a run' }),
      b: z.string().openapi({ description: 'Id of another run of the same workflow, of any version' }),
    }),
  },
  responses: {
    200: json(diffSchema, 'The first difference, and a comparison of all steps'),
    ...problems(404, 422),
  },
})

/** Answers about runs: why they wait, and how two of them differ. */
export function explainRoutes(engine: Engine): OpenAPIHono {
  const app = new OpenAPIHono()
  app.openapi(whyRoute, async (c) => {
    const { run: id } = c.req.valid('param')
    const explained = isUuid(id) ? await explainRun(engine, id) : null
    if (explained === null) throw new SluiceError('not_found', `There is no run "${id}".`)
    const { run, text, reasons, steps } = explained
    return c.json({ run_id: run.id, status: run.status, text, reasons, steps }, 200)
  })
  app.openapi(diffRoute, async (c) => c.json(await diffRuns(engine, c.req.valid('query')), 200))
  return app
}
