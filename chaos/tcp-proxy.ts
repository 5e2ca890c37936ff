import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** Stands between one process and one of its stores. */
export interface TcpProxy {
  /** Of 127.0.0.1, where the process connects to. */
  readonly port: number
  /** Breaks all connections, and refuses new ones until as many calls of {@link mend} as of this. */
  cut(): void
  mend(): void
  /**
   * Passes nothing on any more and says nothing, for good: what is open stays open, new connections are taken, and no one
   * hears anything. So a network behaves that loses every packet.
   */
  fallSilent(): void
  /** Whether one of its connections to the store comes from this port: how the store's clients are told apart. */
  holds(localPort: number): boolean
  close(): Promise<void>
}

/** Starts one in front of a port of 127.0.0.1. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const pairs = new Map<Socket, Socket>()
  const unheard = new Set<Socket>()
  let cuts = 0
  let isSilent = false
  const server = createServer({ noDelay: true, pauseOnConnect: true }, (client) => {
    client.on('error', () => undefined)
    if (cuts > 0) return void client.resetAndDestroy()
    if (isSilent) return void unheard.add(client)
    const store = connect({ host: '127.0.0.1', port: target, noDelay: true })
    store.on('error', () => undefined)
    pairs.set(client, store)
    client.pipe(store).pipe(client)
    store.once('close', () => client.destroy())
    client.once('close', () => {
      store.destroy()
      pairs.delete(client)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const breakAll = () => {
    for (const [client, store] of pairs) {
      client.resetAndDestroy()
      store.destroy()
    }
    for (const client of unheard) client.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      cuts += 1
      breakAll()
    },
    mend: () => void (cuts -= 1),
    fallSilent() {
      isSilent = true
      for (const [client, store] of pairs) {
        client.unpipe(store).pause()
        store.unpipe(client).pause()
      }
    },
    holds: (localPort) => [...pairs.values()].some((store) => store.localPort === localPort),
    async close() {
      const closed = once(server, 'close')
      server.close()
      breakAll()
      await closed
    },
  }
}
