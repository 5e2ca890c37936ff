import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { afterAll } from 'vitest'
import { PACKAGE_ROOT } from '../../src/package-root.ts'
import { eventually } from './eventually.ts'

/** A real process that a test started. */
export interface TestProcess {
  readonly pid: number
  /** Everything it printed so far, line by line, standard output and standard error mixed. */
  readonly lines: readonly string[]
  /** Resolves when it has ended and all that it printed has been read: a signal's name, or an exit code. */
  readonly exited: Promise<NodeJS.Signals | number>
  signal(name: NodeJS.Signals): void
  /** The first line that matches, as soon as there is one; throws with the last lines when it ends before. */
  line(pattern: RegExp, timeoutMs?: number): Promise<string>
}

const running = new Set<TestProcess>()

/**
 * Starts `node ...command` in the folder of the package, with our environment changed by `environment` (undefined
 * removes a variable). It has an IPC channel to us, so that our processes among them end when the test is killed; whatever
 * still runs after the file's tests is killed.
 */
export function startProcess(
  command: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
): TestProcess {
  const child = spawn(process.execPath, command, {
    cwd: PACKAGE_ROOT,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', (line) => lines.push(line))
  }
  let ended: NodeJS.Signals | number | undefined
  const exited = new Promise<NodeJS.Signals | number>((resolve) => {
    child.once('close', (code, signal) => {
      ended = signal ?? code ?? -1
      running.delete(started)
      resolve(ended)
    })
  })
  const last = () => `its last lines:\n${lines.slice(-20).join('\n')}`
  const started: TestProcess = {
    pid: child.pid ?? 0,
    lines,
    exited,
    signal: (name) => void child.kill(name),
    async line(pattern, timeoutMs = 30_000) {
      const find = () => lines.find((line) => pattern.test(line))
      const found = await eventually(() => find() ?? (ended !== undefined && null), {
        timeoutMs,
        what: `a line like ${pattern} of process ${child.pid}`,
      }).catch((error: unknown) => {
        throw new Error(`no line like ${pattern}; ${last()}`, { cause: error })
      })
      if (found === null) throw new Error(`ended with ${ended} before a line like ${pattern}; ${last()}`)
      return found
    },
  }
  running.add(started)
  return started
}

/** Whether a process of this number exists. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

afterAll(async () => {
  const left = [...running]
  for (const one of left) one.signal('SIGKILL')
  await Promise.all(left.map(({ exited }) => exited))
})
