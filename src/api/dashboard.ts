import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { serveStatic } from '@hono/node-server/serve-static'
import { Hono, type Context, type NotFoundHandler } from 'hono'
import { PACKAGE_ROOT } from '../package-root.ts'

/** Where `npm run build` puts the dashboard. */
const BUILT = join(PACKAGE_ROOT, 'dist/dashboard')
const INDEX = join(BUILT, 'index.html')

/** Names of these carry a hash of their content. */
const ASSETS = '/assets/*'
const PLAIN_FILES = ['/favicon.svg', '/theme.js']

/** What belongs to others, even where there is nothing: a dashboard in its place would hide that. */
const OTHERS = /^\/(api|assets|queues|docs|metrics|hooks|health|ready|workflow|status|results)(\/|$)/

/** The tag that the build leaves for us to fill in. */
const BASE = '<base href="/" />'

/** What stands at `/` where the dashboard was not built. */
const NOT_BUILT = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Sluice</title>
    <link rel="icon" href="data:," />
  </head>
  <body>
    <h1>Sluice</h1>
    <p>The API runs. Its dashboard was not built: <code>npm run build</code> does that, and <code>npm start</code> too.</p>
    <ul>
      <li><a href="docs">The API</a> (<a href="api/v1/openapi.json">OpenAPI</a>,
        <a href="api/v1/schema/workflow.json">JSON Schema of workflows</a>)</li>
      <li><a href="queues">Queues</a> (Bull Board)</li>
      <li><a href="api/v1/runs">Runs</a>, <a href="api/v1/workflows">workflows</a>,
        <a href="api/v1/actions">actions</a>, <a href="api/v1/orders">orders</a></li>
      <li><a href="api/v1/stats">Statistics</a>, <a href="metrics">metrics</a>, <a href="ready">readiness</a></li>
    </ul>
  </body>
</html>
`

/** The dashboard at `/` and its files. Its other pages come by {@link answerPages}. */
export function dashboardRoutes(): Hono {
  const app = new Hono()
  app.get('/', (c) => page(c))
  const files = { root: BUILT, precompressed: true }
  const kept = 'public, max-age=31536000, immutable'
  app.get(ASSETS, serveStatic({ ...files, onFound: (_path, c) => c.header('cache-control', kept) }))
  for (const path of PLAIN_FILES) {
    app.get(path, serveStatic({ ...files, path, onFound: (_path, c) => c.header('cache-control', 'no-cache') }))
  }
  return app
}

/**
 * Answers a path that there is not: with the dashboard, which shows pages of its own by their addresses, where a person
 * goes there with a browser; else as `otherwise` does.
 */
export function answerPages(otherwise: NotFoundHandler): NotFoundHandler {
  return (c) => (isNavigation(c) && existsSync(INDEX) ? page(c) : otherwise(c))
}

function isNavigation({ req }: Context): boolean {
  if (req.method !== 'GET' && req.method !== 'HEAD') return false
  // A slash at the end is taken off by a redirect, and that only where nobody answered.
  if (OTHERS.test(req.path) || (req.path.endsWith('/') && req.path !== '/')) return false
  const mode = req.header('sec-fetch-mode')
  return (req.header('accept') ?? '').includes('text/html') && (mode === undefined || mode === 'navigate')
}

async function page(c: Context): Promise<Response> {
  const index = await readFile(INDEX, 'utf8').catch(() => null)
  c.header('cache-control', 'no-cache')
  if (index === null) return c.html(NOT_BUILT)
  return c.html(index.replace(BASE, `<base href="${rootFrom(c.req.path)}" />`))
}

/**
 * The way from a page back to `/`. It is relative, so browsers find our files below whatever prefix a proxy has put us
 * at, and nobody has to tell us of it.
 */
function rootFrom(path: string): string {
  const depth = path.split('/').length - 2
  return depth === 0 ? './' : '../'.repeat(depth)
}
