import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { expect, inject, onTestFinished, test } from 'vitest'
import { lastJobOf, RunWatches } from '../../bench/contestants/contestant.ts'
import { chain } from '../../bench/contestants/shapes.ts'
import { FIRST_EPOCH } from '../../src/engine/dispatch.ts'
import { jobId } from '../../src/queue/names.ts'
import { compileWorkflow } from '../../src/workflow/compile.ts'
import type { Json } from '../../src/workflow/definition.ts'

const SINGLE = chain('single', 1)

/** A watch over runs of one step, and `end`: says in the queue's events, as BullMQ does, that a run has ended. */
function watchRuns() {
  const prefix = `watch${randomUUID().slice(0, 8)}`
  const { queue, step } = lastJobOf(compileWorkflow(SINGLE as Json))
  const redis = new Redis(inject('redisUrl'))
  const watches = new RunWatches(inject('redisUrl'), prefix)
  onTestFinished(async () => {
    await watches.close()
    await redis.del(`${prefix}:${queue}:events`, `${prefix}:${queue}:meta`)
    redis.disconnect()
  })
  return {
    open: () => watches.of(SINGLE),
    end(run: string) {
      const job = jobId({ run, step, epoch: FIRST_EPOCH })
      return redis.xadd(`${prefix}:${queue}:events`, '*', 'event', 'completed', 'returnvalue', 'null', 'jobId', job)
    },
  }
}

test('a run is heard to end however soon after the first submission that is', async () => {
  const { open, end } = watchRuns()
  expect(await open().time('at once', () => end('at once'))).toBeGreaterThan(0)
})

test('runs that had ended before a watch began do not count as those that it keeps unfinished', async () => {
  const { open, end } = watchRuns()
  await end('former')
  const submitted: number[] = []
  await open().keep(3, 2, async (count) => {
    for (let each = 0; each < count; each++) await end(`run ${submitted.length}.${each}`)
    submitted.push(count)
  })
  expect(submitted.reduce((sum, count) => sum + count)).toBe(3)
})
