import { createHmac } from 'node:crypto'
import { expect, it } from 'vitest'
import { verifyDelivery } from './webhook-signature.ts'

const webhook = { id: 'w', secret: 's' }
const NOW = 1_800_000_000
const hmac = (text: string, secret = 's') => createHmac('sha256', secret).update(text).digest('hex')

function verify(body: string, headers: Record<string, string>) {
  return verifyDelivery(webhook, { header: (name) => headers[name], body: Buffer.from(body) }, NOW * 1000)
}

const timed = (body: string, time = NOW) => ({ 'x-sluice-signature': `t=${time},v1=${hmac(`${time}.${body}`)}` })

it.each([-300, 0, 300])('a signature of %d seconds from now is good', (seconds) => {
  expect(verify('{}', timed('{}', NOW + seconds))?.key).toContain('webhook w signature')
})

it.each([-301, 301])('a signature of %d seconds from now is not', (seconds) => {
  expect(() => verify('{}', timed('{}', NOW + seconds))).toThrow('300 seconds from now')
})

it('another time or another body is another delivery', () => {
  const keys = [verify('{}', timed('{}')), verify('{}', timed('{}', NOW + 1)), verify('[]', timed('[]'))]
  expect(new Set(keys.map((key) => key?.key)).size).toBe(3)
})

it('of several signatures one has to be right, while a sender changes its secret', () => {
  const old = hmac(`${NOW}.{}`, 'old')
  const header = `t=${NOW},v1=${old},v0=abc,v1=${hmac(`${NOW}.{}`)}`
  expect(verify('{}', { 'x-sluice-signature': header })).toEqual(verify('{}', timed('{}')))
  expect(() => verify('{}', { 'x-sluice-signature': `t=${NOW},v1=${old}` })).toThrow('not that of this body')
})

it('a signature in upper case, or without its prefix, is the same', () => {
  const id = { 'x-delivery-id': 'd' }
  const key = verify('{}', { 'x-signature': `sha256=${hmac('{}')}`, ...id })
  expect(key).toBeDefined()
  expect(verify('{}', { 'x-signature': hmac('{}').toUpperCase(), ...id })).toEqual(key)
})

it('what was signed with a time cannot come as a body of its own, when the time is over', () => {
  const seen = hmac(`${NOW - 1000}.5`)
  expect(() => verify(`${NOW - 1000}.5`, { 'x-signature': seen })).toThrow('signed with a time')
})

it.each(['', 'sha256=', `sha256=${'0'.repeat(63)}`, `t=x,v1=${hmac('.{}')}`, `t=${NOW}`, `v1=${hmac('{}')}`])(
  'the header "%s" is refused',
  (header) => {
    expect(() => verify('{}', { 'x-signature': header })).toThrow('signature was not accepted')
  },
)
