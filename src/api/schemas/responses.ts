import { z } from '@hono/zod-openapi'
import { PROBLEM_CONTENT_TYPE } from '../problems.ts'

const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    errors: z
      .array(
        z.object({
          path: z.string().openapi({ description: 'JSON Pointer (RFC 6901)' }),
          code: z.string(),
          message: z.string(),
        }),
      )
      .optional()
      .openapi({ description: 'What was wrong with the input, all of it' }),
    state: z
      .string()
      .optional()
      .openapi({ description: 'The state that the thing is in now, where that is in the way (409)' }),
    id: z.string().optional().openapi({ description: 'Names the line of the server’s log, where the fault is ours' }),
  })
  .openapi('Problem')

const content = { [PROBLEM_CONTENT_TYPE]: { schema: problemSchema } }

const DESCRIPTIONS = {
  400: 'The request cannot be read',
  401: 'The signature or token is not valid',
  403: 'This is not allowed',
  404: 'There is no such thing',
  409: 'The state does not allow this',
  412: 'Someone changed it meanwhile',
  413: 'The request body is too large',
  415: 'The content type is not supported',
  422: 'The input is not valid',
  503: 'A part of the service is not available',
  504: 'It did not end in time',
} as const

/** Documents an answer in JSON. */
export function json<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { description, content: { 'application/json': { schema } } }
}

/** Documents the errors of a route, each a problem; handlers throw them, so they are no part of its type. */
export function problems(...statuses: (keyof typeof DESCRIPTIONS)[]): object {
  return Object.fromEntries(statuses.map((status) => [status, { description: DESCRIPTIONS[status], content }]))
}

/** The same for a document that is made already: the problem by its name there. */
export function documentedProblems(...statuses: (keyof typeof DESCRIPTIONS)[]): object {
  const named = { [PROBLEM_CONTENT_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } }
  return Object.fromEntries(statuses.map((status) => [status, { description: DESCRIPTIONS[status], content: named }]))
}

/** Documents a request body, JSON or YAML. */
export function body<Schema extends z.ZodType>(schema: Schema) {
  return { required: true, content: { 'application/json': { schema }, 'application/yaml': { schema } } }
}

/** Documents a request body that may be left out; the handler then gets `{}`. */
export function optionalBody<Schema extends z.ZodType>(schema: Schema) {
  return { ...body(schema), required: false }
}

/** What can go wrong with any request body. */
export const BODY_PROBLEMS = [400, 413, 415, 422] as const
