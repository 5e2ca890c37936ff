import { describe, expect, it } from 'vitest'
import { startProcess, type TestProcess } from '../support/processes.ts'

/** A process with a lifecycle; `body` may use `lifecycle`, `log` and `closing(name, ms)`, which registers a closer. */
function start(body: string, deadlineMs = 5000): TestProcess {
  return startProcess([
    '--import',
    'tsx',
    '--input-type=module',
    '-e',
    `
      import { setTimeout as sleep } from 'node:timers/promises'
      import { createLifecycle, runMain } from './src/lifecycle.ts'
      import { SluiceError } from './src/errors.ts'
      import { createLogger } from './src/log.ts'
      const lifecycle = createLifecycle({ log: createLogger('test', 'silent'), deadlineMs: ${deadlineMs} })
      const closing = (name, ms = 0) => lifecycle.onStop(name, async () => {
        console.log('closing ' + name)
        await sleep(ms)
        console.log('closed ' + name)
      })
      setInterval(() => {}, 1000)
      ${body}
      console.log('up')
    `,
  ])
}

const closings = ({ lines }: TestProcess) => lines.filter((line) => line.startsWith('clos'))

describe('a process that is told to stop', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('by %s closes what it opened last first', async (signal) => {
    const started = start(`closing('first', 20); closing('second', 20)`)
    await started.line(/^up$/)
    started.signal(signal)
    expect(await started.exited).toBe(0)
    expect(closings(started)).toEqual(['closing second', 'closed second', 'closing first', 'closed first'])
  })

  it('takes a signal that arrives twice at once for one', async () => {
    const started = start(`closing('slow', 300)`)
    await started.line(/^up$/)
    started.signal('SIGINT')
    started.signal('SIGINT')
    expect(await started.exited).toBe(0)
    expect(closings(started)).toEqual(['closing slow', 'closed slow'])
  })

  it('exits at once when it is told again later', async () => {
    const started = start(`closing('slow', 60_000); setTimeout(() => console.log('later'), 1200)`, 120_000)
    await started.line(/^up$/)
    started.signal('SIGINT')
    await started.line(/^later$/)
    started.signal('SIGINT')
    expect(await started.exited).toBe(1)
  })

  it('exits with 1 when closing fails, and closes the rest all the same', async () => {
    const started = start(`closing('first'); lifecycle.onStop('second', async () => { throw new Error('no') })`)
    await started.line(/^up$/)
    started.signal('SIGTERM')
    expect(await started.exited).toBe(1)
    expect(closings(started)).toEqual(['closing first', 'closed first'])
  })

  it('exits with 1 when closing takes too long', async () => {
    const started = start(`closing('slow', 60_000)`, 200)
    await started.line(/^up$/)
    started.signal('SIGTERM')
    expect(await started.exited).toBe(1)
    expect(closings(started)).toEqual(['closing slow'])
  })
})

describe('a process', () => {
  it('closes in order and exits with 1 after an error that nobody caught', async () => {
    const started = start(`closing('first'); setTimeout(() => { throw new Error('uncaught') }, 50)`)
    expect(await started.exited).toBe(1)
    expect(closings(started)).toEqual(['closing first', 'closed first'])
  })

  it('shows what the user can mend without a stack', async () => {
    const started = start(`runMain(async () => { throw new SluiceError('invalid_config', 'PORT is "x"') })`)
    expect(await started.exited).toBe(1)
    expect(started.lines.filter((line) => line !== 'up')).toEqual(['PORT is "x"'])
  })
})
