import { describe, expect, test } from 'vitest'
import { startCanaries } from '../../src/engine/canary.ts'
import type { QueueServer, ServedQueue } from '../../src/engine/serve-queues.ts'
import { CANARY_JOB, stepsQueue } from '../../src/queue/names.ts'
import { BACKENDS } from '../support/contract.ts'
import { eventually, throughout } from '../support/eventually.ts'
import { startTestEngine, type TestEngine } from '../support/test-engine.ts'

const QUEUE = stepsQueue('default')
const OPTIONS = { intervalMs: 20, deadlineMs: 300, concurrency: 10 }

/** A worker that takes canaries from the queue of steps, and the server that it belongs to. */
async function serve(engine: TestEngine): Promise<{ server: QueueServer; worker: ServedQueue['worker'] }> {
  let lastActivityMs = performance.now()
  const take = async () => {
    lastActivityMs = performance.now()
  }
  const worker = engine.engine.queue.worker(QUEUE, take, { concurrency: 10, drainDelay: 1 })
  await worker.waitUntilReady()
  const served: ServedQueue = {
    name: QUEUE,
    worker,
    active: 0,
    get lastActivityMs() {
      return lastActivityMs
    },
  }
  return { worker, server: { workers: [served], close: () => worker.close() } }
}

describe.each(BACKENDS)('canaries on %s', (backend) => {
  test('tell of a queue that does not feed its worker, and of no other', async () => {
    const engine = await startTestEngine({ backend, workers: 0 })
    const { server, worker } = await serve(engine)
    const dead: string[] = []
    const stop = startCanaries(engine.engine, server, { ...OPTIONS, onDead: (queue) => dead.push(queue) })
    try {
      await throughout(600, () => expect(dead).toEqual([]))

      // Paused by hand: nothing comes, and nothing is wrong.
      const queue = engine.engine.queue.stepQueue('default')
      await queue.pause()
      await throughout(600, () => expect(dead).toEqual([]))
      await queue.resume()
      await throughout(600, () => expect(dead).toEqual([]))

      // Alive to look at, and takes nothing any more.
      await worker.pause()
      await eventually(() => expect(dead).toEqual([QUEUE]))
      expect(await queue.getJobCountByTypes('failed')).toBe(0)
      expect((await queue.getJobs(['wait'])).every((job) => job.name === CANARY_JOB)).toBe(true)
    } finally {
      stop()
      await worker.close(true)
      await engine.stop()
    }
  })
})
