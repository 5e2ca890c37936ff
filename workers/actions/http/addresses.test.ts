import { afterEach, expect, test } from 'vitest'
import { allowAddresses, guardedLookup, isAllowed, refuseAddress } from './addresses.ts'

afterEach(() => allowAddresses([]))

const IPV4 = [
  '127.0.0.1',
  '10.1.2.3',
  '172.31.0.1',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '224.0.0.1',
]
const IPV6 = ['::1', '::', 'fe80::1', 'fd00::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '64:ff9b::7f00:1', 'ff02::1']

test.each(IPV4.concat(IPV6))('%s is not public', (address) => {
  expect(isAllowed(address)).toBe(false)
})

test.each(['1.1.1.1', '172.32.0.1', '2606:4700::1111', '::ffff:1.1.1.1'])('%s is public', (address) => {
  expect(isAllowed(address)).toBe(true)
})

test('what HTTP_ALLOW names is let through', () => {
  allowAddresses(['10.0.0.0/8', '127.0.0.1', 'fd00::/8', 'inner.example:8080'])
  expect(['10.9.9.9', '127.0.0.1', 'fd00::1'].map(isAllowed)).toEqual([true, true, true])
  expect(isAllowed('127.0.0.2')).toBe(false)
})

test.each(['http://127.0.0.1/', 'http://[::1]:80/', 'http://2130706433/', 'http://0x7f.1/'])('%s is refused', (url) => {
  expect(() => refuseAddress(new URL(url))).toThrow(/HTTP_ALLOW/)
})

test('a name that leads to an address that is not public is refused', async () => {
  const error = await new Promise((resolve) => guardedLookup('localhost', { all: true }, resolve))
  expect(error).toMatchObject({ code: 'address_refused' })
})
