import { reportLive } from '../live/live-state.ts'

/** The server says that it is there without asking anybody else. */
const PATIENCE_MS = 5_000

let asked: Promise<boolean> | undefined

/** Whether the server answers at all, known within 5 s; the live dot learns of it. Whoever asks meanwhile gets the same answer. */
export function isServerThere(): Promise<boolean> {
  asked ??= ask().finally(() => {
    asked = undefined
  })
  return asked
}

async function ask(): Promise<boolean> {
  const url = new URL('health', document.baseURI)
  const status = await fetch(url, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) }).then(
    (response) => response.status,
    () => 0,
  )
  // A proxy that hides the path answers as well, if not for a server that is away.
  const isThere = status !== 0 && status < 500
  reportLive('the API', isThere ? undefined : 'stale')
  return isThere
}
