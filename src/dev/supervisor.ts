import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'

/** Something that runs until it ends or is stopped. */
export interface Running {
  readonly pid: number
  /** Resolves when it has ended, with how: a signal, or an exit code. */
  readonly exited: Promise<string>
  /** Stops it in order; resolves when it has ended. */
  stop(): Promise<void>
  /** Makes it end at once. */
  kill(): void
}

/** Something that is kept running. */
export interface Supervised<T extends Running> {
  /** The first start: rejects when that fails, and then nothing is tried again. */
  readonly started: Promise<T>
  /** The one that runs now; undefined between an end and the next start. */
  current(): T | undefined
  /** Resolves at the first end that nobody asked for. */
  readonly firstEnd: Promise<string>
  /** Stops it and tries nothing again; resolves when it has ended. */
  stop(): Promise<void>
}

/** Pause before the second start in a row; it doubles up to {@link LONGEST_PAUSE_MS}. */
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 10_000
/** Whatever ran this long was well: its end is the first again. */
const STEADY_MS = 30_000

/**
 * Starts something and starts it anew whenever it ends by itself. States: starting, running, pausing (after an end or a
 * failed start, then starting again), stopped. `pause` rejects when its signal fires.
 */
export function supervise<T extends Running>(
  name: string,
  start: () => Promise<T>,
  log: Logger,
  pause: (ms: number, signal: AbortSignal) => Promise<unknown> = (ms, signal) => sleep(ms, undefined, { signal }),
): Supervised<T> {
  const stopping = new AbortController()
  let current: T | undefined
  let pauseMs = FIRST_PAUSE_MS
  let reportEnd: (end: string) => void = () => undefined
  const firstEnd = new Promise<string>((resolve) => (reportEnd = resolve))

  const untilItEnds = async (running: T): Promise<void> => {
    current = running
    const since = performance.now()
    if (stopping.signal.aborted) void running.stop()
    const end = await running.exited
    current = undefined
    if (stopping.signal.aborted) return
    reportEnd(end)
    if (performance.now() - since > STEADY_MS) pauseMs = FIRST_PAUSE_MS
    log.warn({ end, pauseMs }, `${name} ended by itself: starting it again`)
  }

  const startAgain = async (): Promise<void> => {
    await pause(pauseMs, stopping.signal)
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
    try {
      const running = await start()
      log.info({ started: running.pid }, `${name} runs again`)
      await untilItEnds(running)
    } catch (error) {
      log.error({ pauseMs }, `${name} did not start: ${messageOf(error)}`)
    }
  }

  const started = start()
  const life = (async () => {
    await untilItEnds(await started)
    while (!stopping.signal.aborted) await startAgain()
  })().catch(() => undefined)

  return {
    started,
    current: () => current,
    firstEnd,
    async stop() {
      stopping.abort()
      await current?.stop()
      await life
    },
  }
}
