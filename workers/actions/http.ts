import { isUtf8 } from 'node:buffer'
import { defineAction, PermanentError, RetryLaterError, z, type Json } from '../action.ts'
import { send, type Incoming, type Outgoing } from './http/request.ts'

/** Longest wait that an answer's Retry-After is believed. */
const MAX_RETRY_AFTER_MS = 3_600_000
const MAX_RESPONSE_BYTES = 1024 * 1024

const scalar = z.union([z.string(), z.number(), z.boolean()])
const inputSchema = z.object({
  method: z.string().default('GET'),
  url: z.string(),
  headers: z.record(z.string(), scalar.nullable()).default({}),
  query: z.record(z.string(), z.union([scalar.nullable(), z.array(scalar)])).default({}),
  body: z.json().optional(),
  form: z.record(z.string(), scalar.nullable()).optional(),
  expected_statuses: z.array(z.union([z.int(), z.string()])).default(['2xx']),
  max_response_bytes: z.int().default(MAX_RESPONSE_BYTES),
})
type Input = z.output<typeof inputSchema>

/** Steps of type `http` and `tool_call`: the input is their `config`, resolved. */
export const http = defineAction({
  name: 'http',
  description: 'Sends an HTTP request; what the step types http and tool_call do',
  input: inputSchema,
  output: z.object({
    status: z.int(),
    headers: z.record(z.string(), z.string()),
    body: z.json().describe('JSON where the answer says so, else its text; {"base64": …} where it is neither'),
  }),
  run: async ({ input, idempotencyKey, signal, log }) => {
    const outgoing = outgoingOf(input, idempotencyKey)
    const answer = await send(outgoing, Math.min(input.max_response_bytes, MAX_RESPONSE_BYTES), signal)
    log.debug(`${outgoing.method} ${outgoing.url.origin}${outgoing.url.pathname} answered ${answer.status}`)
    if (!isExpected(answer.status, input.expected_statuses)) throw unexpected(outgoing, answer)
    return { status: answer.status, headers: answer.headers, body: bodyOf(answer) }
  },
})

function outgoingOf(input: Input, idempotencyKey: string): Outgoing {
  if (!URL.canParse(input.url) || !['http:', 'https:'].includes(new URL(input.url).protocol)) {
    throw new PermanentError(`config.url is "${input.url}": it must be an http or https URL`, { code: 'invalid_url' })
  }
  const url = new URL(input.url)
  for (const [name, value] of Object.entries(input.query)) {
    for (const each of [value].flat()) if (each !== null) url.searchParams.append(name, String(each))
  }
  const headers: Record<string, string> = { 'user-agent': 'sluice' }
  const content = contentOf(input)
  if (content !== null) headers['content-type'] = content.type
  for (const [name, value] of Object.entries(input.headers)) {
    if (value !== null) headers[name.toLowerCase()] = String(value)
  }
  // Last: nothing that repeats a request may look like another one.
  headers['idempotency-key'] = idempotencyKey
  return { method: input.method, url, headers, body: content?.text }
}

function contentOf({ body, form }: Input): { type: string; text: string } | null {
  if (form !== undefined) {
    const fields = Object.entries(form).filter(([, value]) => value !== null)
    return {
      type: 'application/x-www-form-urlencoded',
      text: new URLSearchParams(fields.map(([name, value]): [string, string] => [name, String(value)])).toString(),
    }
  }
  return body === undefined ? null : { type: 'application/json', text: JSON.stringify(body) }
}

/** `2xx` stands for 200 to 299. */
function isExpected(status: number, expected: readonly (number | string)[]): boolean {
  return expected.some((each) =>
    typeof each === 'number'
      ? each === status
      : each.replaceAll('x', '').length === 1 && each.startsWith(String(Math.floor(status / 100))),
  )
}

function unexpected({ method, url }: Outgoing, { status, headers, body }: Incoming): Error {
  const message = `${method} ${url.origin}${url.pathname} answered ${status}: ${body.subarray(0, 300).toString()}`
  const isPassing = status === 408 || status === 429 || status >= 500
  if (!isPassing) return new PermanentError(message, { code: 'http_status' })
  const afterMs = retryAfterMs(headers['retry-after'], Date.now())
  return afterMs === null ? new Error(message) : new RetryLaterError(message, { afterMs })
}

/** Reads Retry-After (RFC 9110, 10.2.3): seconds, or a date; null where there is none. At most an hour. */
function retryAfterMs(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - nowMs
  return Number.isNaN(ms) ? null : Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS)
}

function bodyOf({ headers, body }: Incoming): Json {
  if (body.length === 0) return null
  if (!isUtf8(body)) return { base64: body.toString('base64') }
  const text = body.toString().replaceAll('\u0000', '\ufffd')
  if (!/[/+]json\b/.test(headers['content-type'] ?? '')) return text
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}
