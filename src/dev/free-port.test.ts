import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { freePort } from './free-port.ts'

describe('a free port', () => {
  test('is the preferred one, unless that is taken', async () => {
    const server = createServer().listen(await freePort(), '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    expect(await freePort(port)).not.toBe(port)
    server.close()
    await once(server, 'close')
    expect(await freePort(port)).toBe(port)
  })

  test('is given to one only of many who ask at once', async () => {
    const ports = await Promise.all(Array.from({ length: 200 }, () => freePort()))
    expect(new Set(ports).size).toBe(ports.length)
  })

  test.runIf(process.platform === 'linux')('is none that an outgoing connection may take', async () => {
    const [lowest] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/)
    expect(await freePort()).toBeLessThan(Number(lowest))
  })
})
