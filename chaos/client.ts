import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../src/errors.ts'
import { orAfter } from '../src/timeout.ts'
import type { Random } from './random.ts'

/** An answer that was neither success nor a reason to try again. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly status: number
  /** Of a conflict, the state that what was asked about is in. */
  readonly state: string | undefined

  constructor(what: string, status: number, body: string) {
    super(`${what} was answered with ${status}: ${body}`)
    this.status = status
    this.state = status === 409 ? (JSON.parse(body) as { state?: string }).state : undefined
  }
}

/** A request to the API. */
export interface ApiRequest {
  method?: 'GET' | 'POST'
  path: string
  body?: unknown
  idempotencyKey?: string
  /** Goes away without the answer after so long, once, and then asks again. */
  hangUpAfterMs?: number
  /** Hears of every time that it is sent. */
  onSend?: () => void
}

/** How a client of the service behaves that takes it seriously: it asks until it is answered, whichever process answers. */
export interface Client {
  /** The answer. Throws {@link Refused} for a 4xx, and when the signal fires. */
  ask<Body>(request: ApiRequest): Promise<Body>
}

const ANSWER_WITHIN_MS = 8_000
/** Between two tries; twice as long each time, up to the second. */
const PAUSE_MS = 100
const LONGEST_PAUSE_MS = 1_000

/** A client of several API processes, in no particular order. */
export function createClient(origins: readonly string[], random: Random, signal: AbortSignal): Client {
  const once = async (request: ApiRequest, withinMs: number): Promise<{ status: number; text: string }> => {
    const response = await fetch(`${random.pick(origins)}/api/v1${request.path}`, {
      method: request.method ?? 'GET',
      headers: {
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(request.idempotencyKey === undefined ? {} : { 'idempotency-key': request.idempotencyKey }),
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      signal: orAfter(signal, withinMs),
    })
    return { status: response.status, text: await response.text() }
  }
  return {
    async ask<Body>(request: ApiRequest): Promise<Body> {
      let withinMs = request.hangUpAfterMs ?? ANSWER_WITHIN_MS
      for (let pauseMs = PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
        signal.throwIfAborted()
        request.onSend?.()
        const answer = await once(request, withinMs).catch((error: unknown) => ({ status: 0, text: messageOf(error) }))
        if (answer.status >= 200 && answer.status < 300) return JSON.parse(answer.text) as Body
        if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) {
          throw new Refused(`${request.method ?? 'GET'} ${request.path}`, answer.status, answer.text)
        }
        withinMs = ANSWER_WITHIN_MS
        await sleep(pauseMs, undefined, { signal })
      }
    },
  }
}
