import type { WebSocketLike, WebSocketServerLike } from '@hono/node-server'
import type { WSContext, WSEvents } from 'hono/ws'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Source } from './source.ts'
import type { Kept } from './sse.ts'

/** Characters that are handed to a client at once; the next are made when these are sent. */
const MAX_LENGTH = 64 * 1024
/** How long the handshake may take. */
const OPEN_TIMEOUT_MS = 5_000
/** How long a client may take to answer our goodbye. */
const CLOSE_TIMEOUT_MS = 1_000
/** Clients have nothing to say. */
const MAX_PAYLOAD_BYTES = 1024

/** `The service stops: connect again`, in RFC 6455. */
const GOING_AWAY = 1001
const NORMAL = 1000

/** The server of WebSockets for `serve`. */
export function createWebSocketServer(): WebSocketServerLike {
  const options = { maxPayload: MAX_PAYLOAD_BYTES, perMessageDeflate: false, clientTracking: false }
  // The types of the two packages differ in an option that may be undefined.
  return new WebSocketServer({ ...options, noServer: true }) as WebSocketServerLike
}

/** What happens on a WebSocket that streams a source. A client that does not answer two pings in a row is gone. */
export function socketEvents(
  source: Source,
  on: { open: (kept: Kept) => void; close: (kept: Kept) => void },
): WSEvents<WebSocketLike> {
  let kept: Kept | undefined
  const opening = setTimeout(() => source.close(), OPEN_TIMEOUT_MS)
  return {
    onOpen(_event, context) {
      clearTimeout(opening)
      // Ours come from createWebSocketServer.
      const raw = context.raw as WebSocket | undefined
      if (raw === undefined) return source.close()
      kept = pinging(raw)
      on.open(kept)
      pump(source, context, raw)
    },
    onClose() {
      if (kept !== undefined) on.close(kept)
      source.close()
    },
  }
}

/** Sends what there is, and no more before that has left. */
function pump(source: Source, context: WSContext<WebSocketLike>, socket: WebSocket): void {
  let isSending = false
  let isClosing = false
  const close = () => {
    if (isClosing) return
    isClosing = true
    context.close(source.hasEnded ? NORMAL : GOING_AWAY)
    setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS).unref()
  }
  const send = () => {
    if (isSending || isClosing || context.readyState !== 1) return
    const messages = source.take(MAX_LENGTH)
    const last = messages.pop()
    if (last === undefined) {
      if (source.isOver) close()
      return
    }
    isSending = true
    for (const message of messages) socket.send(message.ws)
    socket.send(last.ws, () => {
      isSending = false
      send()
    })
  }
  source.wake = send
  send()
}

function pinging(socket: WebSocket): Kept {
  let unanswered = 0
  socket.on('pong', () => {
    unanswered = 0
  })
  return {
    keepAlive() {
      if (unanswered >= 2) return socket.terminate()
      unanswered += 1
      socket.ping()
    },
  }
}
