import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { SluiceError } from '../errors.ts'
import type { IdempotencyKey } from '../db/runs.ts'

/**
 * Signatures of deliveries: HMAC-SHA256 with the webhook's secret, in hex, in one of two forms.
 *
 * - `t=<unix seconds>,v1=<hex>` signs `<t>.<body>`: good for five minutes, and for one run
 * - `sha256=<hex>`, or the hex alone, signs the body, as GitHub and others do: such a delivery can be repeated by whoever
 *   has seen it, unless its sender gives it an id, which then is good for one run
 */

/** Headers in which a signature is looked for, in this order. */
const SIGNATURE_HEADERS = [
  'x-sluice-signature',
  'x-hub-signature-256',
  'x-signature-256',
  'x-webhook-signature',
  'x-signature',
]
/** Headers that name a delivery. */
const DELIVERY_HEADERS = ['idempotency-key', 'x-github-delivery', 'x-delivery-id', 'x-webhook-id']
/** How far the time of a signature may be from ours, in seconds. */
const REPLAY_WINDOW_SECONDS = 300
/** Signatures in one header: senders give two while they change the secret. */
const MOST_SIGNATURES = 5

const TIMED = /^t=(\d{1,12})((?:,\s*[a-z]\w*=[^,\s]{1,200})+)$/i
/** How what is signed in the first form begins. */
const LIKE_TIMED = /^\d{1,12}\./
const PLAIN = /^(?:sha256=)?([0-9a-f]{64})$/i

/** A delivery as it came. */
export interface Delivery {
  /** A header's value by its lower-case name. */
  header(name: string): string | undefined
  body: Uint8Array
}

/**
 * Throws `unauthorized` unless the delivery is signed with the secret, and lately. Answers the key under which it may start
 * one run; undefined where nothing tells it from another one with the same body.
 */
export function verifyDelivery(
  webhook: { id: string; secret: string },
  delivery: Delivery,
  nowMs: number,
): IdempotencyKey | undefined {
  const given = SIGNATURE_HEADERS.map((name) => delivery.header(name)?.trim()).find((value) => value !== undefined)
  if (given === undefined) throw unsigned('there is none; send X-Sluice-Signature: t=<unix seconds>,v1=<hex>')
  const timed = TIMED.exec(given)
  const plain = PLAIN.exec(given)
  const body = Buffer.from(delivery.body)
  const keyOf = (kind: string, name: string): IdempotencyKey => ({
    key: `webhook ${webhook.id} ${kind} ${sha256(name)}`,
    requestHash: sha256(body),
  })
  if (timed) {
    const [, time = '', rest = ''] = timed
    const expected = hmac(webhook.secret, Buffer.concat([Buffer.from(`${time}.`), body]))
    const signatures = [...rest.matchAll(/,\s*v1=([0-9a-f]{64})(?=,|$)/gi)].slice(0, MOST_SIGNATURES)
    if (!signatures.some(([, hex = '']) => isSame(hex, expected))) throw unsigned('it is not that of this body')
    if (Math.abs(nowMs / 1000 - Number(time)) > REPLAY_WINDOW_SECONDS) {
      throw unsigned(`its time t is more than ${REPLAY_WINDOW_SECONDS} seconds from now`)
    }
    return keyOf('signature', expected.toString('hex'))
  }
  if (!plain) throw unsigned('it is neither t=<unix seconds>,v1=<hex> nor sha256=<hex>')
  // Else what was signed with a time could be sent again as a body of its own.
  if (LIKE_TIMED.test(body.toString('latin1', 0, 16))) throw unsigned('a body like that is to be signed with a time')
  if (!isSame(plain[1] ?? '', hmac(webhook.secret, body))) throw unsigned('it is not that of this body')
  const name = DELIVERY_HEADERS.map((header) => delivery.header(header)).find((value) => value !== undefined)
  return name === undefined ? undefined : keyOf('delivery', name)
}

function hmac(secret: string, data: Uint8Array): Buffer {
  return createHmac('sha256', secret).update(data).digest()
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

/** Takes the same time wherever the two differ. */
function isSame(hex: string, expected: Buffer): boolean {
  const given = Buffer.from(hex, 'hex')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function unsigned(why: string): SluiceError {
  return new SluiceError('unauthorized', `The delivery's signature was not accepted: ${why}.`)
}
