import type { MiddlewareHandler } from 'hono'
import { SluiceError } from '../errors.ts'

const SAFE = ['GET', 'HEAD', 'OPTIONS']

/**
 * Refuses what a page of another site makes a browser send here: some of it is sent without asking us first, so any page
 * that a user looks at could start runs. Programs are no browsers, and say nothing of a site. Throws `forbidden`.
 */
export const refuseCrossSite: MiddlewareHandler = async (c, next) => {
  if (!SAFE.includes(c.req.method) && c.req.header('sec-fetch-site') === 'cross-site') {
    throw new SluiceError('forbidden', 'A page of another site cannot change anything here.')
  }
  await next()
}
