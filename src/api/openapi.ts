import type { OpenAPIHono } from '@hono/zod-openapi'
import { documentedProblems as documented } from './schemas/responses.ts'
import { VERSION } from './version.ts'

const DESCRIPTION = `Durable workflows: definitions in JSON or YAML, runs, their steps.

JSON is in snake_case, times are ISO 8601 in UTC, ids are UUIDv7. Lists take \`limit\` and \`cursor\` and answer
\`{items, next_cursor}\`. Errors are problems (RFC 9457) with a JSON Pointer to each place that was at fault.`

/** Serves the OpenAPI document of all routes that were declared so far, with what middleware may answer in place of any. */
export function serveOpenApi(app: OpenAPIHono): void {
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Sluice', version: VERSION, description: DESCRIPTION, license: { name: 'Apache-2.0' } },
    servers: [{ url: '/' }],
  })
  for (const [path, operations] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(operations as Record<string, { responses: object }>)) {
      operation.responses = { ...sharedBy(method, path), ...operation.responses }
    }
  }
  app.get('/api/v1/openapi.json', (c) => c.json(document))
}

function sharedBy(method: string, path: string): object {
  const away = path.endsWith('/health') ? [] : ([503] as const)
  if (method === 'get') return documented(...away)
  // Deliveries are JSON, whatever their content type says.
  return path.endsWith('/hooks/{token}') ? documented(403, ...away) : documented(400, 403, 413, 415, ...away)
}
