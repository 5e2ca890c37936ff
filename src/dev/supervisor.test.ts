import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createLogger } from '../log.ts'
import { supervise, type Running } from './supervisor.ts'

const log = createLogger('test', 'silent')

/** Something that runs until the test ends it, or it is stopped. */
function fake(pid: number): Running & { end: (how: string) => void } {
  let end: (how: string) => void = () => undefined
  const exited = new Promise<string>((resolve) => (end = resolve))
  return {
    pid,
    exited,
    end,
    stop: () => Promise.resolve(end('SIGTERM')),
    kill: () => end('SIGKILL'),
  }
}

/** Starts that succeed with a fake, or fail as the test says. */
function starts() {
  const made: ReturnType<typeof fake>[] = []
  let failures = 0
  const start = () => {
    if (failures > 0) return Promise.reject(new Error(`failure ${failures--}`))
    const one = fake(made.length + 1)
    made.push(one)
    return Promise.resolve(one)
  }
  return { made, start, fail: (times: number) => (failures = times) }
}

/** Pauses that end when the test says so. */
function pauses() {
  const lengths: number[] = []
  const goOn: (() => void)[] = []
  return {
    lengths,
    pause(ms: number, signal: AbortSignal) {
      lengths.push(ms)
      return new Promise<void>((resolve, reject) => {
        goOn.push(resolve)
        signal.addEventListener('abort', () => reject(new Error('aborted')))
      })
    },
    async end() {
      goOn.shift()?.()
      await turn()
    },
  }
}

describe('something that is kept running', () => {
  it('is started again when it ends, after pauses that double up to ten seconds', async () => {
    const { made, start } = starts()
    const { lengths, pause, end } = pauses()
    const kept = supervise('it', start, log, pause)
    await kept.started
    for (let round = 1; round <= 8; round++) {
      await turn()
      expect(kept.current()?.pid).toBe(round)
      made.at(-1)?.end('SIGKILL')
      await turn()
      expect(kept.current()).toBeUndefined()
      await end()
    }
    expect(lengths).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000])
    expect(await kept.firstEnd).toBe('SIGKILL')
    await kept.stop()
  })

  it('is tried again when a later start fails', async () => {
    const { made, start, fail } = starts()
    const { lengths, pause, end } = pauses()
    const kept = supervise('it', start, log, pause)
    await kept.started
    await turn()
    fail(2)
    made[0]?.end('exit code 1')
    await turn()
    for (let round = 0; round < 3; round++) await end()
    expect(kept.current()?.pid).toBe(2)
    expect(lengths).toEqual([250, 500, 1000])
    await kept.stop()
  })

  it('is not tried again when its first start fails', async () => {
    const { made, start, fail } = starts()
    const { lengths, pause } = pauses()
    fail(1)
    const kept = supervise('it', start, log, pause)
    await expect(kept.started).rejects.toThrow('failure 1')
    await kept.stop()
    expect(made).toHaveLength(0)
    expect(lengths).toHaveLength(0)
  })

  it('stays stopped, also when it is stopped in a pause', async () => {
    const { made, start } = starts()
    const { lengths, pause, end } = pauses()
    const kept = supervise('it', start, log, pause)
    await kept.started
    await turn()
    made[0]?.end('SIGKILL')
    await turn()
    expect(lengths).toHaveLength(1)
    await kept.stop()
    await end()
    expect(made).toHaveLength(1)
  })

  it('is stopped also while it starts', async () => {
    let finish: (one: Running) => void = () => undefined
    const kept = supervise('it', () => new Promise<Running>((resolve) => (finish = resolve)), log)
    const stopped = kept.stop()
    const late = fake(9)
    finish(late)
    await stopped
    expect(await late.exited).toBe('SIGTERM')
  })
})
