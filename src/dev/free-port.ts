import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Where free ports are looked for: below those that systems give to outgoing connections (Linux from 32768, others from
 * 49152), so that none of these takes the port of a server that is about to start, or to start again.
 */
const FIRST_PORT = 15_000
const LAST_PORT = 32_767

/** Each process goes through the ports from one of its own on, and gives none twice before it has been through all. */
let next = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT + 1))

/**
 * A TCP port of 127.0.0.1 that is free now: `preferred` where that is free, else any. Between the answer and its use
 * somebody else may take it, so whoever binds it still has to cope with that.
 */
export async function freePort(preferred = 0): Promise<number> {
  if (preferred !== 0 && (await isFree(preferred))) return preferred
  for (let tried = FIRST_PORT; tried <= LAST_PORT; tried += 1) {
    const port = next
    next = port === LAST_PORT ? FIRST_PORT : port + 1
    if (await isFree(port)) return port
  }
  throw new Error(`no port of 127.0.0.1 from ${FIRST_PORT} to ${LAST_PORT} is free`)
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
