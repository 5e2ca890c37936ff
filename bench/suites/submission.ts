import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { startFloor, startFloorApi, type FloorApi } from '../contestants/floor.ts'
import { post, register, startService, type Service } from '../contestants/service.ts'
import { chain } from '../contestants/shapes.ts'
import { alternate, type Measure, type SuiteResult } from '../harness/figures.ts'
import type { Stack } from '../harness/stack.ts'
import type { SuiteOptions } from '../harness/suite.ts'

const DEFINITION = chain('submitted', 10)
/** Requests under way at once, where they come concurrently. */
const AT_ONCE = 32

/** How runs are submitted: how many in all, in each request, and in requests under way at once. */
interface Manner {
  name: string
  runs: number
  batch: number
  atOnce: number
}

const MANNERS: readonly Manner[] = [
  { name: 'one at a time', runs: 200, batch: 1, atOnce: 1 },
  { name: `${AT_ONCE} at once`, runs: 600, batch: 1, atOnce: AT_ONCE },
  { name: 'batches of 100', runs: 1_000, batch: 100, atOnce: 1 },
  { name: 'batches of 1,000', runs: 2_000, batch: 1_000, atOnce: 1 },
]

/** Something that takes runs over HTTP; resolves when they are accepted. */
interface Submitter {
  name: string
  submit(runs: number): Promise<unknown>
}

/**
 * Runs a second that are accepted by POST: bare BullMQ behind an HTTP server of a few lines, which has them in Redis when
 * it answers, and Sluice, which has them in Postgres. No worker runs meanwhile.
 */
export async function submissionSuite(stack: Stack, options: SuiteOptions): Promise<SuiteResult> {
  const floor = await startFloor(stack, [DEFINITION], { concurrency: 1 })
  const measures: Measure[] = []
  const redis = new Redis(stack.redisUrl)
  try {
    for (const pid of floor.workerPids) process.kill(pid, 'SIGSTOP')
    const floorApi = await startFloorApi(stack, floor, DEFINITION)
    const service = await startService(stack, { name: 'submission', workers: 0 })
    const others =
      options.before === undefined
        ? []
        : [await startService(stack, { name: 'submission_before', workers: 0, root: options.before })]
    try {
      for (const each of [service, ...others]) await register(each, DEFINITION)
      for (const manner of MANNERS.filter(({ name }) => name.includes(options.only))) {
        const contestants = submitters(manner, floorApi, [service, ...others])
        const measure = await measureManner(manner, contestants, { ...options, untilTaken: () => untilStill(redis) })
        options.report(measure)
        measures.push(measure)
      }
    } finally {
      for (const each of [service, ...others]) await each.stop()
      await floorApi.stop()
    }
  } finally {
    redis.disconnect()
    for (const pid of floor.workerPids) process.kill(pid, 'SIGCONT')
    await floor.stop()
  }
  return {
    suite: 'submission',
    about: `Runs of ${DEFINITION.steps.length} steps accepted by POST, with no worker at work; bare BullMQ behind an HTTP server of a few lines.`,
    measures,
  }
}

function submitters(manner: Manner, floorApi: FloorApi, services: readonly Service[]): Submitter[] {
  const floor: Submitter = { name: floorApi.name, submit: (runs) => post(`${floorApi.url}?runs=${runs}`, {}) }
  const names = ['Sluice', 'Sluice before']
  return [floor, ...services.flatMap((service, index) => submittersTo(service, names[index]!, manner))]
}

/** Without idempotency keys, and with one of its own for each request. */
function submittersTo({ api }: Service, name: string, { batch }: Manner): Submitter[] {
  const url = `${api}/workflows/${DEFINITION.name}/runs`
  const submit = (runs: number, headers: Record<string, string> = {}) =>
    batch === 1
      ? post(url, {}, headers)
      : post(`${url}/batch`, { runs: Array.from({ length: runs }, () => ({})) }, headers)
  return [
    { name, submit: (runs) => submit(runs) },
    { name: `${name}, idempotency keys`, submit: (runs) => submit(runs, { 'idempotency-key': randomUUID() }) },
  ]
}

async function measureManner(
  { name, runs, batch, atOnce }: Manner,
  contestants: readonly Submitter[],
  { rounds, untilTaken }: Pick<SuiteOptions, 'rounds'> & { untilTaken: () => Promise<void> },
): Promise<Measure> {
  const work = async (contestant: Submitter, many: number) => {
    let left = Math.ceil(many / batch)
    const lane = async () => {
      for (left -= 1; left >= 0; left -= 1) await contestant.submit(batch)
    }
    const began = performance.now()
    await Promise.all(Array.from({ length: atOnce }, lane))
    const tookMs = performance.now() - began
    // Sluice adds the jobs behind its answer: whoever comes next is not to be measured beside that.
    await untilTaken()
    return (many * 1_000) / tookMs
  }
  for (const contestant of contestants) await work(contestant, Math.max(batch, runs / 4))
  const samples = await alternate(rounds, contestants, (contestant) => work(contestant, runs))
  return { name: `submission, ${name}`, unit: 'runs/s', better: 'more', samples }
}

const LOOK_EVERY_MS = 200
/** Keys that heartbeats and the like may make or remove between two looks. */
const FEW_KEYS = 20

/** Waits until the number of keys stands still: all that was accepted is in the queue. */
async function untilStill(redis: Redis): Promise<void> {
  for (let keys = -FEW_KEYS; ;) {
    const now = await redis.dbsize()
    if (Math.abs(now - keys) < FEW_KEYS) return
    keys = now
    await sleep(LOOK_EVERY_MS)
  }
}
