import { Agent, errors, request } from 'undici'
import { PermanentError } from '../../action.ts'
import { guardedLookup, isAllowedHost, refuseAddress } from './addresses.ts'

/** Sending one request: guarded addresses, redirects, and a limit on what comes back. */

/** A request, ready to be sent. */
export interface Outgoing {
  method: string
  url: URL
  headers: Record<string, string>
  body: string | undefined
}

/** What came back. */
export interface Incoming {
  status: number
  headers: Record<string, string>
  body: Buffer
}

/** Redirects that are followed. */
const MAX_REDIRECTS = 5
/** Headers that must not go to another origin than they were meant for. */
const PRIVATE_HEADERS = new Set(['authorization', 'cookie', 'proxy-authorization'])

const guarded = new Agent({ connect: { lookup: guardedLookup } })
const open = new Agent()

/** Sends a request and follows redirects; at most `maxBytes` of the answer are read. Throws `address_refused`, `invalid_request`, `response_too_large`, `too_many_redirects`. */
export async function send(outgoing: Outgoing, maxBytes: number, signal: AbortSignal): Promise<Incoming> {
  let next = outgoing
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    refuseAddress(next.url)
    const answer = await request(next.url, {
      method: next.method,
      headers: next.headers,
      body: next.body ?? null,
      signal,
      dispatcher: isAllowedHost(next.url) ? open : guarded,
    }).catch(refuseInvalid)
    const headers = plainHeaders(answer.headers)
    const target = headers['location']
    if (answer.statusCode < 300 || answer.statusCode >= 400 || answer.statusCode === 304 || target === undefined) {
      return { status: answer.statusCode, headers, body: await readUpTo(answer.body, maxBytes) }
    }
    await answer.body.dump()
    next = redirected(next, answer.statusCode, target)
  }
  throw new PermanentError(`${outgoing.url.href} redirects more than ${MAX_REDIRECTS} times`, {
    code: 'too_many_redirects',
  })
}

/** What cannot be sent, such as a header with a line break, cannot be sent later either. */
function refuseInvalid(thrown: unknown): never {
  if (thrown instanceof errors.InvalidArgumentError || thrown instanceof errors.NotSupportedError) {
    throw new PermanentError(`the request cannot be sent: ${thrown.message}`, {
      code: 'invalid_request',
      cause: thrown,
    })
  }
  throw thrown
}

/** As browsers do it (Fetch, "HTTP-redirect fetch"): 303, and 301 and 302 of a POST, become a GET without a body. */
function redirected(from: Outgoing, status: number, target: string): Outgoing {
  if (!URL.canParse(target, from.url.href))
    throw new PermanentError(`${from.url.href} redirects to ${target}, which is no URL`)
  const url = new URL(target, from.url)
  if (!['http:', 'https:'].includes(url.protocol)) {
    throw new PermanentError(`${from.url.href} redirects to ${url.href}: only http and https are followed`, {
      code: 'address_refused',
    })
  }
  const becomesGet = (status === 303 && from.method !== 'HEAD') || (status < 303 && from.method === 'POST')
  const drops = (name: string) =>
    (url.origin !== from.url.origin && PRIVATE_HEADERS.has(name)) || (becomesGet && name.startsWith('content-'))
  const headers = Object.fromEntries(Object.entries(from.headers).filter(([name]) => !drops(name.toLowerCase())))
  return becomesGet ? { method: 'GET', url, headers, body: undefined } : { ...from, url, headers }
}

async function readUpTo(body: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > maxBytes) {
      const message = `the answer is longer than max_response_bytes (${maxBytes}): ask for less, or for a reference to it`
      throw new PermanentError(message, { code: 'response_too_large' })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function plainHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  )
}
