import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { serveStatic } from '@hono/node-server/serve-static'
import { Hono, type Context, type MiddlewareHandler, type NotFoundHandler } from 'hono'
import { PACKAGE_ROOT } from '../package-root.ts'

/** Where `npm run build` puts the dashboard. */
const BUILT = join(PACKAGE_ROOT, 'dist/dashboard')

/** Their names carry a hash of their content, so they never change. */
const ASSETS = '/assets/*'
const FOREVER = 'public, max-age=31536000, immutable'
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

/** The dashboard: its files, and the answer to the addresses of its pages. */
export interface Dashboard {
  /** `/` and the files. */
  routes: Hono
  /**
   * Answers a path that there is not: with the dashboard, which knows its pages' addresses itself, where a person goes
   * there with a browser; else as `otherwise` does.
   */
  orElse(otherwise: NotFoundHandler): NotFoundHandler
}

/** Serves the dashboard that was built into `folder`; a page that says so, where none was. */
export function createDashboard(folder = BUILT): Dashboard {
  const index = join(folder, 'index.html')

  // Read anew each time, since a build may replace it while we run.
  const page = async (c: Context): Promise<Response> => {
    const html = await readFile(index, 'utf8').catch(() => NOT_BUILT)
    return c.html(html.replace(BASE, `<base href="${rootFrom(c.req.path)}" />`), 200, { 'cache-control': 'no-cache' })
  }
  // Without `root`, which would complain of a folder that is not there.
  const files = serveStatic({ rewriteRequestPath: (path) => join(folder, path), precompressed: true })

  const routes = new Hono()
  routes.get('/', (c) => page(c))
  routes.get(ASSETS, cached(FOREVER), files)
  for (const path of PLAIN_FILES) routes.get(path, cached('no-cache'), files)
  return {
    routes,
    orElse: (otherwise) => (c) => (isNavigation(c) && existsSync(index) ? page(c) : otherwise(c)),
  }
}

/** Says how long what was found may be kept. */
function cached(cacheControl: string): MiddlewareHandler {
  return async (c, next) => {
    await next()
    if (c.res.ok) c.res.headers.set('cache-control', cacheControl)
  }
}

function isNavigation({ req }: Context): boolean {
  if (req.method !== 'GET' && req.method !== 'HEAD') return false
  // A slash at the end is taken off by a redirect, but only where nobody answers.
  if (OTHERS.test(req.path) || req.path.endsWith('/')) return false
  const mode = req.header('sec-fetch-mode')
  return (req.header('accept') ?? '').includes('text/html') && (mode === undefined || mode === 'navigate')
}

/**
 * The way from a page back to `/`. It is relative, so browsers find our files below whatever prefix a proxy has put us
 * at, and nobody has to tell us of it.
 */
function rootFrom(path: string): string {
  const depth = path.split('/').length - 2
  return depth === 0 ? './' : '../'.repeat(depth)
}
