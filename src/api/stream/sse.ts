import type { Source } from './source.ts'

/** Characters that are handed to a client at once; the next are made when it has taken these. */
const MAX_LENGTH = 64 * 1024
const COMMENT = Buffer.from(': keep-alive\n\n')
/** How soon a browser connects again. */
const GREETING = Buffer.from('retry: 1000\n\n')

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // Nginx would collect the events of minutes.
  'x-accel-buffering': 'no',
}

/** Keeps a connection from looking dead. */
export interface Kept {
  keepAlive(): void
}

/** The answer that streams a source as Server-Sent Events. `onOpen` gets the connection, `onClose` when it has ended. */
export function sseResponse(source: Source, on: { open: (kept: Kept) => void; close: (kept: Kept) => void }): Response {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  // Whether the socket has room: it asks for more when it has sent what it got.
  let isAsked = false
  let isEnded = false
  const end = () => {
    isEnded = true
    on.close(kept)
  }
  const enqueue = (bytes: Uint8Array) => {
    isAsked = false
    controller?.enqueue(bytes)
  }
  const send = () => {
    if (isEnded || !isAsked) return
    const messages = source.take(MAX_LENGTH)
    const [first] = messages
    if (first !== undefined) enqueue(messages.length === 1 ? first.sse : Buffer.concat(messages.map(({ sse }) => sse)))
    else if (source.isOver) {
      end()
      controller?.close()
    }
  }
  const kept: Kept = { keepAlive: () => isAsked && !isEnded && enqueue(COMMENT) }
  const stream = new ReadableStream<Uint8Array>(
    {
      start(its) {
        controller = its
        its.enqueue(GREETING)
        on.open(kept)
        source.wake = send
      },
      pull() {
        isAsked = true
        send()
      },
      cancel() {
        end()
        source.close()
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(stream, { headers: HEADERS })
}
