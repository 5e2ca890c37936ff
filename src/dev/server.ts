import { execFileSync, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { SluiceError } from '../errors.ts'
import type { Running } from './supervisor.ts'

/**
 * Server programs (Postgres, Redis) as child processes. They write to a log file instead of a pipe, so that the end of
 * this process cannot block or break them, and run in a session of their own, so that Ctrl-C in the terminal reaches
 * only us, who stop things in order.
 */
export interface Server extends Running {
  readonly port: number
  /** Where clients find it. */
  readonly url: string
}

/** What {@link startServer} needs to know. */
export interface ServerOptions {
  name: string
  command: readonly string[]
  ids?: { uid?: number; gid?: number }
  logFile: string
  port: number
  url: string
  /** Rejects while the server cannot be used yet. */
  ping: () => Promise<unknown>
  /** Sent one after the other, each when the one before did not end the process in its time; the last is the way to end it at once. */
  stopSignals: readonly StopSignal[]
}

/** A signal, and how long the process may take to end after it. */
export interface StopSignal {
  signal: NodeJS.Signals
  waitMs: number
}

/** Crash recovery of a large database takes its time. */
const START_DEADLINE_MS = 60_000
const POLL_MS = 20

/** Starts a server and resolves once it answers. Throws `unavailable`, with the end of its log, where it does not. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const [program = '', ...args] = options.command
  const log = openSync(options.logFile, 'w')
  const child = spawn(program, args, {
    stdio: ['ignore', log, log],
    detached: true,
    ...options.ids,
  })
  closeSync(log)
  let ended: string | undefined
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve((ended = error.message)))
    child.once('exit', (code, signal) => resolve((ended = signal ?? `exit code ${code}`)))
  })
  const stop = () =>
    endProcess(
      { exited, hasEnded: () => ended !== undefined, kill: (signal) => child.kill(signal) },
      options.stopSignals,
    )
  const deadline = Date.now() + START_DEADLINE_MS
  for (;;) {
    if (ended !== undefined) throw didNotStart(options, ended)
    try {
      await options.ping()
      break
    } catch (error) {
      if (Date.now() > deadline) {
        await stop()
        throw didNotStart(options, `no answer within ${START_DEADLINE_MS / 1000} s`, error)
      }
    }
    await Promise.race([exited, sleep(POLL_MS)])
  }
  return {
    pid: child.pid ?? 0,
    port: options.port,
    url: options.url,
    exited,
    stop,
    kill: () => void child.kill(options.stopSignals.at(-1)?.signal),
  }
}

/**
 * Stops a server that an earlier process of ours left behind, if `pid` is still one: its command line has to hold
 * `marker`, for the number may belong to another program by now.
 */
export async function stopLeftover(pid: number, marker: string, signals: readonly StopSignal[]): Promise<void> {
  const isOurs = () => commandOf(pid).includes(marker)
  if (!isOurs()) return
  const gone = async () => {
    while (isOurs()) await sleep(POLL_MS)
  }
  const exited = gone()
  await endProcess({ exited, hasEnded: () => !isOurs(), kill: (signal) => void process.kill(pid, signal) }, signals)
}

/** A process that can be asked to end. */
interface Ending {
  exited: Promise<unknown>
  hasEnded: () => boolean
  kill: (signal: NodeJS.Signals) => void
}

async function endProcess(target: Ending, signals: readonly StopSignal[]): Promise<void> {
  for (const { signal, waitMs } of [...signals, { signal: 'SIGKILL' as const, waitMs: 10_000 }]) {
    if (target.hasEnded()) return
    target.kill(signal)
    const timer = new AbortController()
    await Promise.race([target.exited, sleep(waitMs, undefined, { signal: timer.signal }).catch(() => undefined)])
    timer.abort()
  }
}

/** The command line of a process; empty where there is none. */
export function commandOf(pid: number): string {
  if (!Number.isInteger(pid) || pid < 1) return ''
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    if (process.platform === 'linux') return ''
  }
  try {
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
  } catch {
    return ''
  }
}

function didNotStart(options: ServerOptions, reason: string, cause?: unknown): SluiceError {
  const lines = readFileSync(options.logFile, 'utf8').trimEnd().split('\n').slice(-8)
  return new SluiceError(
    'unavailable',
    `${options.name} did not start (${reason}). The end of ${options.logFile}:\n${lines.map((line) => `  ${line}`).join('\n')}`,
    { cause },
  )
}
