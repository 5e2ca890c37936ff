import type { OpenAPIHono } from '@hono/zod-openapi'
import { VERSION } from './version.ts'

const DESCRIPTION = `Durable workflows: definitions in JSON or YAML, runs, their steps.

JSON is in snake_case, times are ISO 8601 in UTC, ids are UUIDv7. Lists take \`limit\` and \`cursor\` and answer
\`{items, next_cursor}\`. Errors are problems (RFC 9457) with a JSON Pointer to each place that was at fault.`

/** Serves the OpenAPI document of all routes that were declared so far. */
export function serveOpenApi(app: OpenAPIHono): void {
  app.doc31('/api/v1/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'Sluice', version: VERSION, description: DESCRIPTION, license: { name: 'Apache-2.0' } },
    servers: [{ url: '/' }],
  })
}
