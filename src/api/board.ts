import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { HonoAdapter } from '@bull-board/hono'
import { serveStatic } from '@hono/node-server/serve-static'
import type { Queue } from 'bullmq'
import { Hono, type MiddlewareHandler } from 'hono'
import type { Engine } from '../engine/engine.ts'
import { shared } from './shared-answer.ts'
import { stepQueues } from './service-stats.ts'

/** How long the board may not know of a queue that a worker has begun to serve, or a run to want. */
const FRESH_MS = 5_000

/** Bull Board at `path`, on either queue backend. It shows jobs; what it changes can cost time, never correctness. */
export function boardRoutes(engine: Engine, path: string): Hono {
  const adapter = new HonoAdapter(serveStatic).setBasePath(path)
  const board = createBullBoard({
    queues: [],
    serverAdapter: adapter,
    options: { uiConfig: { boardTitle: 'Sluice queues' } },
  })
  const adapters = new WeakMap<Queue, BullMQAdapter>()
  const refresh = shared(FRESH_MS, async () => {
    const queues = engine.queue.boardQueues(await stepQueues(engine))
    board.replaceQueues(
      queues.map((queue) => {
        const shown = adapters.get(queue) ?? new BullMQAdapter(queue)
        adapters.set(queue, shown)
        return shown
      }),
    )
  })
  const app = new Hono()
  app.use(async (_c, next) => {
    await refresh()
    await next()
  })
  app.use(withoutFonts)
  app.route('/', adapter.registerPlugin())
  return app
}

/** The board's page asks Google for its fonts: without that link it needs nothing but this server. */
const withoutFonts: MiddlewareHandler = async (c, next) => {
  await next()
  if (!(c.res.headers.get('content-type') ?? '').startsWith('text/html')) return
  const page = await c.res.text()
  c.res = new Response(page.replace(/<link[^>]+fonts\.googleapis\.com[^>]*>/g, ''), c.res)
}
