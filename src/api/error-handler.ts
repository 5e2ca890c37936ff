import type { Context, ErrorHandler } from 'hono'
import { v7 as uuidv7 } from 'uuid'
import type { ZodError } from 'zod'
import { isRetryable } from '../db/retryable.ts'
import { SluiceError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { internalProblem, problem, problemOf, problemResponse, problemsOfZod } from './problems.ts'

/** When a client may try again what failed because Postgres was away. */
const RETRY_AFTER_SECONDS = 2

/** What becomes of a request that a route's schemas refuse: throws `invalid_input` with all that is wrong. */
export function refuseInvalid(result: { success: true } | { success: false; error: ZodError }): void {
  if (result.success) return
  const problems = problemsOfZod(result.error.issues)
  const [first] = problems
  const place = first === undefined || first.path === '' ? '' : `${first.path}: `
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
  throw new SluiceError('invalid_input', `${place}${first?.message ?? 'it is not valid'}${more}`, { problems })
}

/** Answers what a route threw, as a problem. An error of our own is logged whole and shown by an id only. */
export function handleErrors(log: Logger): ErrorHandler {
  return (error, c) => {
    const known = problemOf(error)
    if (known !== null) return problemResponse(known)
    if (isRetryable(error) || isRetryable(error.cause ?? {})) return databaseAway(log, error)
    const id = uuidv7()
    log.error({ err: error, id, method: c.req.method, path: c.req.path }, 'a request failed')
    return problemResponse(internalProblem(id))
  }
}

function databaseAway(log: Logger, error: Error): Response {
  log.warn({ err: error }, 'the database did not answer a request')
  const retryAfter = { 'retry-after': String(RETRY_AFTER_SECONDS) }
  return problemResponse(
    problem('unavailable', 'The database cannot be reached right now: try again soon.'),
    retryAfter,
  )
}

/** Answers a path that there is not. */
export function handleNotFound(c: Context): Response {
  return problemResponse(problem('not_found', `There is nothing at ${c.req.path}; /docs shows what there is.`))
}

/** Answers a method that a path does not know. */
export function handleMethodNotAllowed(c: Context, methods: string[]): Response {
  const allow = methods.join(', ')
  return problemResponse(problem('method_not_allowed', `${c.req.path} takes ${allow}, not ${c.req.method}.`), { allow })
}
