import { json } from 'node:stream/consumers'
import type { LogLineView } from '../../src/api/schemas/log-line.ts'
import type { RunView } from '../../src/api/schemas/run.ts'
import type { StepView } from '../../src/api/schemas/step.ts'
import { WebSocket } from 'ws'
import { eventually } from './eventually.ts'

/** What a stream of a run tells. */
export type RunMessage =
  | { event: 'run' | 'end'; data: RunView; id?: string }
  | { event: 'step'; data: StepView; id?: string }
  | { event: 'log'; data: LogLineView; id?: string }

/** A stream that is being read, with all that it has told. */
export interface TestStream<Message> {
  readonly status: number
  readonly headers: Headers
  readonly messages: readonly Message[]
  readonly comments: readonly string[]
  /** Whether the server has closed it. */
  readonly isClosed: boolean
  /** The first message that `find` is for, once it is there. */
  until(find: (message: Message) => boolean): Promise<Message>
  /** Resolves when the server has closed it. */
  closed(): Promise<void>
  /** Goes away. */
  close(): void
}

/** Reads Server-Sent Events. */
export async function openStream<Message = RunMessage>(
  url: string,
  headers: Record<string, string> = {},
): Promise<TestStream<Message>> {
  const abort = new AbortController()
  const response = await fetch(url, { headers, signal: abort.signal })
  const messages: Message[] = []
  const comments: string[] = []
  let isClosed = false
  const read = async () => {
    const decoder = new TextDecoder()
    let text = ''
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true })
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) {
        const fields = new Map(
          block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
        )
        const comment = fields.get('')
        if (comment !== undefined) comments.push(comment)
        const data = fields.get('data')
        if (data === undefined) continue
        const id = fields.get('id')
        messages.push({
          event: fields.get('event'),
          data: JSON.parse(data) as unknown,
          ...(id === undefined ? {} : { id }),
        } as Message)
      }
    }
  }
  void read()
    .catch(() => undefined)
    .finally(() => {
      isClosed = true
    })
  return {
    status: response.status,
    headers: response.headers,
    messages,
    comments,
    get isClosed() {
      return isClosed
    },
    until: (find) => untilMessage(messages, find),
    async closed() {
      await eventually(() => isClosed, { what: 'the end of the stream' })
    },
    close: () => abort.abort(),
  }
}

/** Reads a WebSocket. */
export async function openSocket(
  url: string,
  headers: Record<string, string> = {},
): Promise<TestStream<RunMessage> & { code: () => number; refusal: () => Promise<unknown> }> {
  const socket = new WebSocket(url, { headers })
  const messages: RunMessage[] = []
  const comments: string[] = []
  let code = 0
  let refusal: Promise<unknown> = Promise.resolve(null)
  socket.on('message', (text) => messages.push(JSON.parse((text as Buffer).toString('utf8')) as RunMessage))
  socket.on('ping', () => comments.push('ping'))
  socket.on('close', (number) => {
    code = number
  })
  const status = await new Promise<number>((resolve) => {
    socket.on('error', () => undefined)
    socket.on('open', () => resolve(101))
    socket.on('unexpected-response', (_request, response) => {
      refusal = json(response)
      resolve(response.statusCode ?? 0)
    })
  })
  return {
    status,
    headers: new Headers(),
    messages,
    comments,
    get isClosed() {
      return code !== 0
    },
    until: (find) => untilMessage(messages, find),
    async closed() {
      await eventually(() => code !== 0, { what: 'the end of the stream' })
    },
    close: () => socket.terminate(),
    code: () => code,
    refusal: () => refusal,
  }
}

/** Waits for a message; the failure tells what came instead. */
function untilMessage<Message>(messages: readonly Message[], find: (message: Message) => boolean): Promise<Message> {
  return eventually(
    () => {
      const found = messages.find(find)
      if (found !== undefined) return { found }
      throw new Error(JSON.stringify(messages.slice(-3)))
    },
    { what: 'the message', everyMs: 5 },
  ).then(({ found }) => found)
}
