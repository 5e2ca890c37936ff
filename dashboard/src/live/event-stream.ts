import { isServerThere } from '../api/health.ts'
import { type LiveState, reportLive } from './live-state.ts'

/** Waits between tries, ms, the last one for good. */
const WAITS_MS = [500, 1_000, 2_000, 5_000, 10_000, 30_000]
/** A tab that nobody looks at keeps its stream this long. */
const HIDDEN_MS = 10_000

/** After so long without an event the server is asked whether it is there: its comments, a browser keeps to itself. */
const QUIET_MS = 10_000

/** One connection to a stream of the server. */
export interface EventStreamOptions {
  /** Names it for the live dot. */
  name: string
  /** Asked for at each connection. */
  url: () => string
  /** What to do with the data of each event, by its name. */
  on: Readonly<Record<string, (data: unknown) => void>>
  /** The event after which the server says nothing more. */
  last?: string
  /** Told of each change: without a stream (`polling`, `retrying`), whoever shows the data asks for them, until it has `ended`. */
  onState: (state: LiveState) => void
}

/**
 * Listens to Server-Sent Events until the returned function is called. A lost connection is tried again, with growing
 * waits, and so is one to a server that hangs; a hidden tab gives its connection back and tries nothing, since a browser has
 * six of them per server. The server tells the whole state on each connection, so nothing is missed in between.
 */
export function openEventStream(options: EventStreamOptions): () => void {
  let source: EventSource | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let quiet: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let wasOpen = false
  let ended = false

  const tell = (state: LiveState) => {
    reportLive(options.name, state)
    options.onState(state)
  }
  const disconnect = () => {
    clearTimeout(timer)
    clearTimeout(quiet)
    source?.close()
    source = undefined
  }
  const lose = () => {
    disconnect()
    tell(wasOpen ? 'retrying' : 'polling')
    wasOpen = false
    if (document.hidden) return
    timer = setTimeout(connect, WAITS_MS[Math.min(failures, WAITS_MS.length - 1)])
    failures++
  }
  const watch = () => {
    clearTimeout(quiet)
    quiet = setTimeout(() => void check(source), QUIET_MS)
  }
  const check = async (checked: EventSource | undefined) => {
    const isThere = await isServerThere()
    if (source !== checked) return
    if (isThere) watch()
    else lose()
  }
  const connect = () => {
    disconnect()
    if (ended) return
    source = new EventSource(options.url())
    watch()
    source.addEventListener('open', () => {
      failures = 0
      wasOpen = true
      tell('live')
    })
    for (const [name, handle] of Object.entries(options.on)) {
      source.addEventListener(name, (event: MessageEvent<string>) => {
        watch()
        if (name === options.last) end()
        handle(JSON.parse(event.data))
      })
    }
    // The browser's own retry ends for good at an HTTP error, and has no growing waits.
    source.addEventListener('error', lose)
  }
  const end = () => {
    ended = true
    disconnect()
    tell('ended')
  }
  const visibility = () => {
    if (ended) return
    if (document.hidden) {
      clearTimeout(timer)
      timer = setTimeout(() => {
        disconnect()
        // What happens until the next connection is told by nobody.
        tell('polling')
        wasOpen = false
      }, HIDDEN_MS)
    } else if (source === undefined) {
      failures = 0
      connect()
    } else clearTimeout(timer)
  }
  document.addEventListener('visibilitychange', visibility)
  connect()
  if (document.hidden) visibility()
  return () => {
    ended = true
    document.removeEventListener('visibilitychange', visibility)
    disconnect()
    reportLive(options.name, undefined)
  }
}
