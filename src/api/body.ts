import type { Context, MiddlewareHandler } from 'hono'
import { isScalar, LineCounter, parseDocument, visit, YAMLParseError, type YAMLMap } from 'yaml'
import { messageOf, SluiceError } from '../errors.ts'
import { findSyntaxFault } from './json-syntax.ts'

/**
 * Media types that are read as JSON, besides `*+json`: the last two are what `curl -d` and the browsers' `fetch` call a
 * text when nobody tells them otherwise (cross-site.ts keeps out what that would let in).
 */
const JSON_TYPES = ['application/json', 'text/json', 'application/x-www-form-urlencoded', 'text/plain']
const YAML_TYPES = ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml']
const WITH_BODY = ['POST', 'PUT', 'PATCH', 'DELETE']

/**
 * Reads request bodies of at most `maxBytes`, JSON or YAML, and hands them to the routes' validators as JSON. An empty
 * body is `{}`; a missing content type means JSON. Throws `body_too_large` before or while reading,
 * `unsupported_media_type`, and `malformed_request` with line and column.
 */
export function readBodies(maxBytes: number): MiddlewareHandler {
  return async (c, next) => {
    if (WITH_BODY.includes(c.req.method)) {
      const bytes = await readBytes(c.req.raw, maxBytes)
      // Typed as the text itself, but read as a promise of it (hono/request: `cachedBody.then`).
      Object.assign(c.req.bodyCache, { text: Promise.resolve(asJson(c, bytes)) })
      c.req.raw.headers.set('content-type', 'application/json')
    }
    await next()
  }
}

/** The body as JSON text that is known to parse. */
function asJson(c: Context, bytes: Uint8Array): string {
  if (bytes.length === 0) return '{}'
  const format = formatOf(c)
  if (format === 'yaml') return yamlAsJson(decode(bytes))
  return jsonText(bytes)
}

/** The text of bytes that are JSON in UTF-8. Throws `malformed_request` with line and column. */
export function jsonText(bytes: Uint8Array): string {
  const body = decode(bytes)
  const fault = findSyntaxFault(body)
  if (fault === null) return body
  throw malformed(`The request body is not JSON: ${fault.message} at line ${fault.line}, column ${fault.column}.`)
}

function formatOf(c: Context): 'json' | 'yaml' {
  const essence = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase() ?? ''
  if (YAML_TYPES.includes(essence)) return 'yaml'
  if (essence === '' || JSON_TYPES.includes(essence) || /^application\/[\w.-]+\+json$/.test(essence)) return 'json'
  const remedy = 'send application/json or application/yaml'
  throw new SluiceError('unsupported_media_type', `The content type ${essence} cannot be read: ${remedy}.`)
}

/** The bytes of a request's body. Throws `body_too_large`, before all of it is read, where they are too many. */
export async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = () =>
    faultOfBody('body_too_large', `The request body is larger than ${maxBytes} bytes, the most that is read.`)
  const announced = request.headers.get('content-length')
  if (Number(announced ?? 0) > maxBytes) throw tooLarge()
  // HTTP reads no more than was announced; without a stream, which would take longer to make than to read.
  if (announced !== null) return new Uint8Array(await request.arrayBuffer())
  if (request.body === null) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = request.body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return Buffer.concat(chunks, size)
    size += value.length
    if (size > maxBytes) {
      await reader.cancel()
      throw tooLarge()
    }
    chunks.push(value)
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw malformed('The request body is not text in UTF-8.')
  }
}

function yamlAsJson(body: string): string {
  const lineCounter = new LineCounter()
  try {
    // The parser would compare each key with all others.
    const document = parseDocument(body, {
      lineCounter,
      prettyErrors: false,
      uniqueKeys: false,
      resolveKnownTags: false,
    })
    const [error] = document.errors
    if (error !== undefined) throw error
    visit(document, { Map: refuseRepeatedKeys })
    return JSON.stringify(document.toJS(), refuseNonFinite)
  } catch (error) {
    if (error instanceof SluiceError) throw error
    if (!(error instanceof YAMLParseError)) throw malformed(`The request body is not YAML: ${messageOf(error)}.`)
    const { line, col } = lineCounter.linePos(error.pos[0])
    throw malformed(`The request body is not YAML: ${error.message} at line ${line}, column ${col}.`)
  }
}

function refuseRepeatedKeys(_key: unknown, { items }: YAMLMap): void {
  const seen = new Set<unknown>()
  for (const { key } of items) {
    if (!isScalar(key)) continue
    const [start = 0, end = start] = key.range ?? []
    if (seen.has(key.value)) throw new YAMLParseError([start, end], 'DUPLICATE_KEY', 'Map keys must be unique')
    seen.add(key.value)
  }
}

/** YAML knows `.inf` and `.nan`, of which JSON would silently make null. */
function refuseNonFinite(key: string, value: unknown): unknown {
  if (typeof value !== 'number' || Number.isFinite(value)) return value
  throw malformed(`The request body holds ${value} under "${key}", which JSON cannot express.`)
}

const malformed = (message: string) => faultOfBody('malformed_request', message)

function faultOfBody(code: 'malformed_request' | 'body_too_large', message: string): SluiceError {
  return new SluiceError(code, message, { problems: [{ path: '', code, message }] })
}
