import { upgradeWebSocket } from '@hono/node-server'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { Engine } from '../../engine/engine.ts'
import { SluiceError } from '../../errors.ts'
import { SERIAL } from '../pages.ts'
import { strict } from '../problems.ts'
import { readRunFilter, runFilter } from '../run-filter.ts'
import { problems } from '../schemas/responses.ts'
import { isUuid } from '../../db/search.ts'
import type { Source } from '../stream/source.ts'
import { sseResponse } from '../stream/sse.ts'
import type { Streams } from '../stream/streams.ts'
import { socketEvents } from '../stream/web-socket.ts'

const tags = ['Streams']
const params = z.object({ run: z.string().openapi({ description: 'Id of a run' }) })
const lineId = z.string().regex(SERIAL, 'the `id` of a log line')
const query = strict({
  logs: z.enum(['0', '1']).optional().openapi({ description: '`1`: log lines, too' }),
  after: lineId
    .transform(Number)
    .optional()
    .openapi({ type: 'integer', description: '`id` of the last log line that is known already' }),
})

const EVENTS = `\`run\`: the run, whole, at first and when it changes; \`step\`: a step that changed; \`log\`: a log line;
\`end\`: the run as it ended, the last message. Data are as in \`GET /runs/{run}\` and \`GET /runs/{run}/logs\`.`

const runRoute = createRoute({
  method: 'get',
  path: '/runs/{run}/stream',
  tags,
  summary: 'Watch a run (Server-Sent Events)',
  description: `${EVENTS} Connecting again gives the whole state again; \`Last-Event-ID\` goes on behind the log line of that id.`,
  request: { params, query },
  responses: {
    200: { description: 'Events', content: { 'text/event-stream': { schema: z.string() } } },
    ...problems(404, 422, 503),
  },
})

const listRoute = createRoute({
  method: 'get',
  path: '/stream',
  tags,
  summary: 'Watch a list of runs (Server-Sent Events)',
  description: `\`run\`: a run that changed, as in \`GET /runs\`; one whose \`status\` fits the filter no longer comes once more.
\`reload\`: changes may have got lost, read the list again. Nothing comes for what is there already: read the list once the
stream is open, and whenever it has been opened again.`,
  request: { query: strict(runFilter) },
  responses: {
    200: { description: 'Events', content: { 'text/event-stream': { schema: z.string() } } },
    ...problems(422, 503),
  },
})

const socketRoute = createRoute({
  method: 'get',
  path: '/ws/runs/{run}',
  tags,
  summary: 'Watch a run (WebSocket)',
  description: `Messages \`{event, data}\`. ${EVENTS}`,
  request: { params, query },
  responses: { 101: { description: 'Messages follow' }, ...problems(400, 403, 404, 422, 503) },
})

/** Streams of what happens. */
export function streamRoutes(engine: Engine, streams: Streams): OpenAPIHono {
  const app = new OpenAPIHono()
  app.openapi(listRoute, async (c) => {
    streams.refuseWhenFull()
    const source = await streams.lists.watch(await readRunFilter(engine, c.req.valid('query')))
    return await answer(c, source, streams)
  })
  app.openapi(runRoute, async (c) => {
    const source = await watchRun(streams, c.req.valid('param').run, c.req.valid('query'), lastEventId(c))
    return await answer(c, source, streams)
  })
  app.openapi(socketRoute, async (c) => {
    refuseNoSocket(c)
    const source = await watchRun(streams, c.req.valid('param').run, c.req.valid('query'))
    return await upgradeWebSocket(c, socketEvents(source, streams.connections))
  })
  return app
}

async function answer(c: Context, source: Source, streams: Streams): Promise<Response> {
  const response = sseResponse(source, streams.connections)
  // Nobody reads the body of such an answer.
  if (c.req.raw.method === 'HEAD') await response.body?.cancel()
  return response
}

async function watchRun(streams: Streams, id: string, { logs, after }: z.output<typeof query>, lastId?: number) {
  streams.refuseWhenFull()
  if (!isUuid(id)) throw new SluiceError('not_found', `There is no run "${id}".`)
  return await streams.runs.watch(id.toLowerCase(), { logsAfter: logs === '1' ? (lastId ?? after ?? 0) : undefined })
}

function lastEventId(c: Context): number | undefined {
  const id = lineId.safeParse(c.req.header('last-event-id'))
  return id.success ? Number(id.data) : undefined
}

/** Browsers let pages of any site open a WebSocket, and read what it says. */
function refuseNoSocket(c: Context): void {
  if (c.req.header('upgrade')?.toLowerCase() !== 'websocket') {
    throw new SluiceError('malformed_request', 'This is for WebSockets; over HTTP there is /api/v1/runs/{run}/stream.')
  }
  const origin = c.req.header('origin')
  if (origin !== undefined && hostOf(origin) !== c.req.header('host')) {
    throw new SluiceError('forbidden', 'A page of another site cannot watch what happens here.')
  }
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null
}
