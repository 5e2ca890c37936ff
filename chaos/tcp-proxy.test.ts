import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import { startTcpProxy } from './tcp-proxy.ts'

/** A store that says again what it is told. */
async function startEcho() {
  const clients: Socket[] = []
  const server = createServer((client) => {
    clients.push(client)
    client.on('error', () => undefined)
    client.pipe(client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, clients, close: () => server.close() }
}

/** What is answered to a word; rejects where there is no way. */
async function say(port: number, word: string): Promise<{ socket: Socket; answer: string }> {
  const socket = connect(port, '127.0.0.1')
  socket.write(word)
  const [data] = (await Promise.race([
    once(socket, 'data'),
    once(socket, 'close').then(() => Promise.reject(new Error('cut'))),
  ])) as [Buffer]
  return { socket, answer: data.toString() }
}

it('a proxy passes on, breaks what is open, refuses while it is cut, and passes on again', async () => {
  const echo = await startEcho()
  const proxy = await startTcpProxy(echo.port)
  try {
    const { socket, answer } = await say(proxy.port, 'one')
    expect(answer).toBe('one')
    const storeSide = echo.clients[0]!
    expect(proxy.holds(storeSide.remotePort!)).toBe(true)
    const broken = [once(socket, 'error'), once(storeSide, 'close')]
    proxy.cut()
    proxy.cut()
    await Promise.all(broken)
    await expect(say(proxy.port, 'two')).rejects.toThrow(/cut|ECONNRESET/)
    proxy.mend()
    await expect(say(proxy.port, 'three')).rejects.toThrow(/cut|ECONNRESET/)
    proxy.mend()
    const again = await say(proxy.port, 'four')
    expect(again.answer).toBe('four')
    again.socket.destroy()
  } finally {
    await proxy.close()
    echo.close()
  }
})

it('a proxy that falls silent keeps what is open and takes new connections, which hear nothing', async () => {
  const echo = await startEcho()
  const proxy = await startTcpProxy(echo.port)
  const heard: string[] = []
  try {
    const { socket } = await say(proxy.port, 'one')
    proxy.fallSilent()
    const another = connect(proxy.port, '127.0.0.1')
    await once(another, 'connect')
    for (const one of [socket, another]) {
      one.on('data', () => heard.push('an answer')).on('error', () => undefined)
      one.write('two')
    }
    // What goes another way comes back meanwhile.
    const { socket: direct } = await say(echo.port, 'three')
    direct.destroy()
    expect([socket.readyState, another.readyState, heard]).toEqual(['open', 'open', []])
  } finally {
    await proxy.close()
    echo.close()
  }
})
