import { STATUS_CODES, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/** What the Node server hands to `fetch` beside a request; a request for a WebSocket has no `outgoing`. */
interface NodeRequest {
  incoming?: IncomingMessage
  outgoing?: unknown
}

type Fetch = (request: Request, env: object) => Response | Promise<Response>

/**
 * Answers refused requests for a WebSocket with their problem document: the Node server would send the status alone, so that no
 * client learns why.
 */
export function answeringRefusals(fetch: Fetch): Fetch {
  return async (request, env) => {
    const response = await fetch(request, env)
    const { incoming, outgoing } = env as NodeRequest
    if (incoming === undefined || outgoing !== undefined || response.status < 400) return response
    await send(incoming.socket, response)
    return response
  }
}

/** The socket is destroyed once all is sent; the Node server then leaves it alone. */
async function send(socket: Duplex, response: Response): Promise<void> {
  const { status, headers } = response
  const body = Buffer.from(await response.clone().arrayBuffer())
  const lines = [...headers].map(([name, value]) => `${name}: ${value}`)
  const fixed = ['connection: close', `content-length: ${body.length}`]
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines, ...fixed].join('\r\n')
  await new Promise<void>((resolve) => {
    socket.once('close', resolve)
    socket.end(Buffer.concat([Buffer.from(`${head}\r\n\r\n`, 'latin1'), body]), resolve)
  })
  socket.destroy()
}
