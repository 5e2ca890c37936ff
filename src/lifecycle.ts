import { messageOf, SluiceError } from './errors.ts'
import type { Logger } from './log.ts'
import { withTimeout } from './timeout.ts'

/**
 * The end of a process, in order. States: running; stopping, entered once by a signal, by the loss of the parent that
 * supervises us, or by {@link Lifecycle.stop}; left by the exit. What was opened last is closed first.
 */
export interface Lifecycle {
  /** Fires when stopping begins. */
  readonly signal: AbortSignal
  /**
   * Registers what is to be closed. `close` may take until the deadline, or for `withinMs` where that is given: then it is
   * left behind, the others are closed, and the exit code is 1.
   */
  onStop(name: string, close: () => Promise<unknown>, withinMs?: number): void
  /** Closes everything and exits: with `exitCode`, or 1 where something did not close. Calling it again changes nothing. */
  stop(reason: string, exitCode?: number): Promise<never>
}

/** What {@link createLifecycle} needs to know. */
export interface LifecycleOptions {
  log: Logger
  /** How long all closers together may take; then the process exits with code 1. */
  deadlineMs: number
}

/** npm hands a signal on that the terminal has sent to us, too: only a later one is meant as a second. */
const SAME_SIGNAL_MS = 1000

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Takes charge of the process: SIGINT, SIGTERM, SIGHUP and the parent's end (where it holds an IPC channel to us) stop
 * it in order, a second signal at once; an error that nobody caught stops it with code 1.
 */
export function createLifecycle(options: LifecycleOptions): Lifecycle {
  const { log, deadlineMs } = options
  const controller = new AbortController()
  const closers: { name: string; close: () => Promise<unknown>; withinMs: number | undefined }[] = []
  let stopping: Promise<never> | undefined
  let stoppedAtMs = 0

  const closeAll = async (exitCode: number): Promise<never> => {
    const deadline = setTimeout(() => {
      log.error({ deadlineMs, remaining: closers.map(({ name }) => name) }, 'did not stop in time')
      process.exit(1)
    }, deadlineMs)
    let failed = false
    // The closer stays listed while it runs, so that the deadline can name it.
    for (let next = closers.at(-1); next !== undefined; closers.pop(), next = closers.at(-1)) {
      try {
        await (next.withinMs === undefined ? next.close() : withTimeout(next.close(), next.withinMs))
      } catch (error) {
        failed = true
        log.error({ err: error }, `closing ${next.name} failed`)
      }
    }
    clearTimeout(deadline)
    log.info('stopped')
    return process.exit(exitCode === 0 && failed ? 1 : exitCode)
  }

  const stop = (reason: string, exitCode = 0): Promise<never> => {
    if (stopping === undefined) {
      log.info({ reason }, 'stopping')
      controller.abort(new Error(`stopping: ${reason}`))
      stopping = closeAll(exitCode)
    }
    return stopping
  }

  for (const name of SIGNALS) {
    process.on(name, () => {
      if (stopping === undefined) {
        stoppedAtMs = performance.now()
        return void stop(name)
      }
      if (performance.now() - stoppedAtMs < SAME_SIGNAL_MS) return
      log.warn(`${name} again: exiting at once`)
      process.exit(1)
    })
  }
  process.on('disconnect', () => void stop('the parent process is gone'))
  process.channel?.unref()
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'an error was not caught')
    void stop('uncaught error', 1)
  })

  return {
    signal: controller.signal,
    onStop: (name, close, withinMs) => void closers.push({ name, close, withinMs }),
    stop,
  }
}

/**
 * Runs a process's `main`; where that fails, says why on standard error and exits with code 1. What the user can mend
 * (an invalid configuration, say) is shown without a stack.
 */
export function runMain(main: () => Promise<unknown>): void {
  main().catch((error: unknown) => {
    const expected = error instanceof SluiceError && error.code !== 'internal'
    console.error(expected ? messageOf(error) : error)
    process.exit(1)
  })
}
