import { z } from '@hono/zod-openapi'
import { HTTPException } from 'hono/http-exception'
import { ERROR_KINDS, SluiceError, type ErrorCode, type InputProblem } from '../errors.ts'
import { didYouMean } from '../workflow/nearest.ts'
import { pointer } from '../workflow/problems.ts'

/** An error as clients see it: RFC 9457, with the places where input was at fault. */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  errors?: InputProblem[]
  /** The state that the thing is in now, where that is what is in the way. */
  state?: string
  /** Names the log line of an error that is our fault. */
  id?: string
}

/** Media type of every error (RFC 9457). */
export const PROBLEM_CONTENT_TYPE = 'application/problem+json'

/** Codes of the errors that the web framework throws by itself. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'malformed_request',
  404: 'not_found',
  405: 'method_not_allowed',
  413: 'body_too_large',
  415: 'unsupported_media_type',
}

/** Says that something went wrong on our side, but not what: the log has that, under the same id. */
export function internalProblem(id: string): Problem {
  return problem('internal', `The cause is in the server's log, under the id ${id}.`, { id })
}

/** The problem that a thrown value stands for, or null where clients may not see it: an error of our own. */
export function problemOf(thrown: unknown): Problem | null {
  if (thrown instanceof SluiceError) {
    if (ERROR_KINDS[thrown.code].status === 500) return null
    const { problems, state } = thrown
    return problem(thrown.code, thrown.message, {
      ...(problems.length === 0 ? {} : { errors: [...problems] }),
      ...(state === undefined ? {} : { state }),
    })
  }
  if (thrown instanceof HTTPException) {
    const code = CODE_OF_STATUS[thrown.status]
    return code === undefined ? null : problem(code, thrown.message)
  }
  return null
}

/** A problem of a certain kind. */
export function problem(code: ErrorCode, detail: string, more: Pick<Problem, 'errors' | 'state' | 'id'> = {}): Problem {
  const { status, title } = ERROR_KINDS[code]
  return { type: `urn:sluice:problem:${code}`, title, status, detail, ...more }
}

/** A problem as an HTTP response. */
export function problemResponse(shown: Problem, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(shown), {
    status: shown.status,
    headers: { 'content-type': PROBLEM_CONTENT_TYPE, ...headers },
  })
}

/** The part of zod's issues that we read. */
interface ZodIssue {
  readonly code?: string | undefined
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly keys?: readonly string[]
  /** Of a union: what each alternative said. */
  readonly errors?: readonly (readonly ZodIssue[])[]
  /** Of a check of our own: `code` names its rule. */
  readonly params?: Record<string, unknown> | undefined
}

/** What is at fault in a value that a zod schema refused, each with a JSON Pointer. */
export function problemsOfZod(issues: readonly ZodIssue[], base: readonly PropertyKey[] = []): InputProblem[] {
  return issues.flatMap((issue) => {
    const path = [...base, ...issue.path]
    if (issue.code === 'unrecognized_keys') return unknownKeys(issue, path)
    // A union says only that nothing fitted; what its first alternative says is what people usually meant.
    const alternative = issue.code === 'invalid_union' ? issue.errors?.find((errors) => errors.length > 0) : undefined
    if (alternative !== undefined) return problemsOfZod(alternative, path)
    const rule = issue.params?.['code']
    const code = typeof rule === 'string' ? rule : (issue.code ?? 'invalid')
    return [{ path: pointerOf(path), code, message: issue.message }]
  })
}

/** An object schema that refuses keys it does not know, and names the nearest it knows: one line of message a key. */
export function strict<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape)
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? linesFor(issue.keys, known) : undefined),
  })
}

function linesFor(keys: readonly string[], known: readonly string[]): string {
  const otherwise = known.length === 0 ? '' : `; known are ${known.join(', ')}`
  return keys.map((key) => `"${key}" is not known here${didYouMean(key, known) || otherwise}`).join('\n')
}

function unknownKeys({ keys = [], message }: ZodIssue, path: readonly PropertyKey[]): InputProblem[] {
  const lines = message.split('\n')
  return keys.map((key, index) => ({
    path: pointerOf([...path, key]),
    code: 'unknown_key',
    message: lines[index] ?? message,
  }))
}

const pointerOf = (path: readonly PropertyKey[]) =>
  pointer(...path.map((key) => (typeof key === 'number' ? key : String(key))))
