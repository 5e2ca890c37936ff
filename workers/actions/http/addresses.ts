import { lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { PermanentError } from '../../action.ts'

/**
 * Which addresses requests may go to. A workflow is data, and must not become a way into the network that its worker
 * stands in: so addresses that are not public are refused (IANA's special-purpose registries, RFC 6890), unless the
 * worker's HTTP_ALLOW names them. What counts is the address that is connected to, after names are resolved.
 */

const NOT_PUBLIC = blockListOf(
  (
    '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.168.0.0/16 ' +
    '198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 ' +
    '::/128 ::1/128 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16 fc00::/7 fe80::/10 ff00::/8'
  ).split(' '),
)

/** What the worker lets through beside public addresses. */
let allowed = { addresses: new BlockList(), hosts: new Set<string>() }

/** Lets requests go to these hosts, `host:port` pairs, addresses and CIDR ranges, too; replaces what was allowed before. */
export function allowAddresses(rules: readonly string[]): void {
  const isRange = (rule: string) => isIP(rule.split('/')[0] ?? '') !== 0
  allowed = {
    addresses: blockListOf(rules.filter(isRange)),
    hosts: new Set(rules.filter((rule) => !isRange(rule)).map((rule) => rule.toLowerCase())),
  }
}

/** Whether the host of a URL may be anywhere: it is named in the allow-list, with or without its port. */
export function isAllowedHost(url: URL): boolean {
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  const host = url.hostname.toLowerCase()
  return allowed.hosts.has(host) || allowed.hosts.has(`${host}:${port}`)
}

/** Throws `address_refused` where the host of a URL is an address that is not allowed. Names are seen to by {@link guardedLookup}. */
export function refuseAddress(url: URL): void {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0 && !isAllowedHost(url) && !isAllowed(host)) throw refusal(host, url.hostname)
}

/** Resolves names as `dns.lookup` does, and fails where one leads to an address that is not allowed. */
export const guardedLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, '', 0)
    const refused = addresses.find(({ address }) => !isAllowed(address))
    if (refused !== undefined) return callback(refusal(refused.address, hostname), '', 0)
    const [first] = addresses
    if (options.all === true) return callback(null, addresses)
    return callback(null, first?.address ?? '', first?.family ?? 0)
  })
}

/** Whether an address is public, or allowed all the same. */
export function isAllowed(address: string): boolean {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  return !NOT_PUBLIC.check(address, family) || allowed.addresses.check(address, family)
}

function refusal(address: string, host: string): PermanentError {
  const name = address === host ? address : `${host} (${address})`
  return new PermanentError(
    `requests to ${name} are refused: it is no public address; if it is meant, name it in HTTP_ALLOW of the worker`,
    { code: 'address_refused' },
  )
}

function blockListOf(rules: readonly string[]): BlockList {
  const list = new BlockList()
  for (const rule of rules) {
    const [address = '', prefix] = rule.split('/')
    const isV6 = isIP(address) === 6
    list.addSubnet(address, prefix === undefined ? (isV6 ? 128 : 32) : Number(prefix), isV6 ? 'ipv6' : 'ipv4')
  }
  return list
}
