import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { PACKAGE_ROOT } from '../../src/package-root.ts'
import { withTimeout } from '../../src/timeout.ts'

/** How long a process may take to be ready. */
const READY_MS = 120_000
/** How long one that is told to stop may take. */
const STOP_MS = 10_000
/** Lines of errors that are passed on of one process. */
const MAX_TOLD = 20
/** Rare enough that asking costs no contestant anything. */
const POLL_MS = 20
/** No single piece of work of a benchmark takes longer. */
const DEADLINE_MS = 180_000

/**
 * Starts `node ...argv` in the package's folder with our environment and `environment`, and resolves when a line of its
 * output matches. It holds an IPC channel to us, so it ends when we do. Lines that tell of errors are passed on.
 */
export async function startProcess(
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
  ready: Pick<RegExp, 'test'>,
): Promise<ChildProcess> {
  const child = spawn(process.execPath, argv, {
    cwd: PACKAGE_ROOT,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const last: string[] = []
  let told = 0
  const started = new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) =>
      reject(new Error(`${argv.join(' ')} ended with ${code}; its last lines:\n${last.join('\n')}`)),
    )
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue
      createInterface({ input: stream }).on('line', (line) => {
        if (last.push(line) > 20) last.shift()
        if (ready.test(line)) resolve()
        else if (/"level":[456]0|Error/.test(line) && told++ < MAX_TOLD) console.error(line.slice(0, 500))
      })
    }
  })
  try {
    await withTimeout(started, READY_MS, `${argv.join(' ')} was not ready`)
  } catch (error) {
    await stopProcess(child)
    throw error
  }
  return child
}

/** Stops a process in order; kills it where that takes longer than 10 s. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await exited
  clearTimeout(timer)
}

/** Resolves once the condition holds; throws after three minutes. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`nothing after ${DEADLINE_MS} ms`)
    await sleep(POLL_MS)
  }
}
