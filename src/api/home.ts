import { Hono } from 'hono'

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Sluice</title>
    <link rel="icon" href="data:," />
    <style>
      body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
    </style>
  </head>
  <body>
    <h1>Sluice</h1>
    <p>Durable workflows as JSON. This server is up.</p>
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

/** The page at `/`: where everything is. */
export function homeRoutes(): Hono {
  const app = new Hono()
  app.get('/', (c) => c.html(PAGE))
  return app
}
