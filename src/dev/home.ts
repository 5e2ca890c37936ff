import { once } from 'node:events'
import { mkdir, rm } from 'node:fs/promises'
import { createConnection, createServer } from 'node:net'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SluiceError } from '../errors.ts'

/** The longest path of a Unix socket: 103 bytes on macOS, 107 on Linux. */
const SOCKET_PATH_BYTES = 103

/**
 * Creates SLUICE_HOME and makes it ours until this process ends, however it ends: a socket that somebody answers on.
 * Throws `conflict`, with the owner's pid, where another process has it. Answers what gives it free.
 */
export async function lockHome(folder: string): Promise<() => Promise<void>> {
  // Postgres may have to pass through as another user; what is inside is closed.
  await mkdir(folder, { recursive: true, mode: 0o711 })
  const path = socketPath(folder)
  const owner = await ownerOf(path)
  if (owner !== undefined) throw inUse(folder, owner)
  await rm(path, { force: true })
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.end(String(process.pid))
  })
  server.listen(path)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw inUse(folder, 'unknown', error)
  }
  server.unref()
  return async () => {
    server.close()
    await once(server, 'close')
  }
}

function socketPath(folder: string): string {
  const inside = join(folder, 'lock')
  if (Buffer.byteLength(inside) <= SOCKET_PATH_BYTES) return inside
  return join(tmpdir(), `sluice-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}.lock`)
}

/** The pid of whoever listens, or undefined: nobody does. */
async function ownerOf(path: string): Promise<string | undefined> {
  const socket = createConnection(path)
  let pid = ''
  socket.setTimeout(2000, () => socket.destroy())
  socket.on('data', (data) => (pid += data.toString()))
  try {
    await once(socket, 'connect')
  } catch {
    return undefined
  }
  await once(socket, 'close').catch(() => undefined)
  return pid === '' ? 'unknown' : pid
}

function inUse(folder: string, pid: string, cause?: unknown): SluiceError {
  const message = `${folder} is in use by another Sluice (process ${pid}): stop that, or start this one with another SLUICE_HOME and PORT`
  return new SluiceError('conflict', message, { cause })
}
