import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { childEnvironment } from '../config.ts'
import type { Running } from './supervisor.ts'

/** What {@link startNodeProcess} needs to know. */
export interface NodeProcessOptions {
  /** Path of the program, and what follows it. */
  command: readonly string[]
  /** Added to our own environment. */
  environment: Readonly<Record<string, string>>
  /** Takes each line that it prints. */
  onLine: (line: string) => void
  /** How long it may take to end after SIGTERM; then it is killed. */
  stopWithinMs: number
}

/**
 * Starts a Node program that stops in order on SIGTERM. It is in a session of its own, so that Ctrl-C reaches only us,
 * and has an IPC channel, whose end tells it that we are gone.
 */
export function startNodeProcess(options: NodeProcessOptions): Running {
  const child = spawn(process.execPath, options.command, {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
    env: childEnvironment(options.environment),
  })
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', options.onLine)
  }
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    // "close" and not "exit": only then everything that it printed has been read.
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
  return {
    pid: child.pid ?? 0,
    exited,
    async stop() {
      child.kill('SIGTERM')
      const killer = setTimeout(() => child.kill('SIGKILL'), options.stopWithinMs)
      await exited
      clearTimeout(killer)
    },
    kill: () => void child.kill('SIGKILL'),
  }
}
