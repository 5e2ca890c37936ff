import { reportLive } from '../live/live-state.ts'
import { errorOfResponse, errorOfSilence } from './problem-error.ts'
import { noteServerTime } from './server-clock.ts'

/** How long an answer may take, ms. */
const READ_PATIENCE_MS = 15_000
/** The same where something changes: many runs at once take their time, and giving up would not take it back. */
const SEND_PATIENCE_MS = 60_000

/** Values of a query: a list repeats its name, what is undefined, null or empty is left out. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | null | undefined>>

/** The URL of `path` (like `runs/123`, without a slash before it) below /api/v1. */
export function apiUrl(path: string, query: Query = {}): string {
  const url = new URL(`api/v1/${path}`, document.baseURI)
  for (const [name, value] of Object.entries(query)) {
    for (const one of [value].flat()) {
      if (one !== undefined && one !== null && one !== '') url.searchParams.append(name, String(one))
    }
  }
  return url.href
}

/** Reads from the API. Throws `ApiError`. `signal`: the one that TanStack Query hands out. */
export function getJson<Body>(path: string, query?: Query, signal?: AbortSignal): Promise<Body> {
  return request<Body>(apiUrl(path, query), READ_PATIENCE_MS, signal === undefined ? {} : { signal })
}

/** What can be said beside the body of a request that changes something. */
export interface SendOptions {
  headers?: Record<string, string>
  query?: Query
}

/** Changes something. `body` goes as JSON, or as YAML when it is text; undefined sends none. Throws `ApiError`. */
export function sendJson<Body>(
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
  { headers = {}, query }: SendOptions = {},
): Promise<Body> {
  const type = typeof body === 'string' ? 'application/yaml' : 'application/json'
  return request<Body>(apiUrl(path, query), SEND_PATIENCE_MS, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': type }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
}

async function request<Body>(url: string, patienceMs: number, init: RequestInit): Promise<Body> {
  const signal = AbortSignal.any([AbortSignal.timeout(patienceMs), ...(init.signal ? [init.signal] : [])])
  const response = await fetch(url, { ...init, signal }).catch(failOfSilence)
  reportLive('the API', undefined)
  noteServerTime(response.headers.get('date'))
  if (!response.ok) throw await errorOfResponse(response)
  if (response.status === 204) return undefined as Body
  return (await response.json().catch(failOfSilence)) as Body
}

function failOfSilence(error: unknown): never {
  const isWanted = error instanceof DOMException && error.name === 'AbortError'
  // What is no JSON has arrived all the same.
  if (isWanted || error instanceof SyntaxError) throw error
  reportLive('the API', 'stale')
  throw errorOfSilence(error)
}
