import { Redis } from 'ioredis'
import { startFloor } from '../contestants/floor.ts'
import { chain } from '../contestants/shapes.ts'
import { startSluice, startSluices, withSegments, type SluiceContestant } from '../contestants/sluice.ts'
import type { Contestant } from '../contestants/contestant.ts'
import { alternate, type Measure, type Sample, type SuiteResult } from '../harness/figures.ts'
import { loadHistory } from '../harness/history.ts'
import { until } from '../harness/processes.ts'
import type { Stack } from '../harness/stack.ts'
import type { SuiteOptions } from '../harness/suite.ts'
import { readUsage, residentBytes, type Usage } from '../harness/usage.ts'
import { measureThroughput } from './floor.ts'

const SHAPE = chain('chain-10', 10)
/** Steps that each worker process runs at once. */
const CONCURRENCY = 50
const WORKERS = [1, 2, 4]
const RUNS_AT_ONCE = [1, 10, 100, 1_000]
/** Steps that have ended before the measurement. */
const HISTORIES = [0, 1_000_000, 5_000_000]
const STEPS_PER_RUN = 10

type Part = (stack: Stack, options: SuiteOptions) => Promise<Measure[]>

/** What changes with size, and what a step costs; `only` is part of the name of a part. */
export async function scaleSuite(stack: Stack, options: SuiteOptions): Promise<SuiteResult> {
  const parts: Record<string, Part> = { workers, concurrent, costs, memory, history }
  const measures: Measure[] = []
  for (const [name, part] of Object.entries(parts)) {
    if (name.includes(options.only)) measures.push(...(await part(stack, options)))
  }
  return {
    suite: 'scale',
    about: `Chains of 10, ${CONCURRENCY} steps at once in each worker process.`,
    measures,
  }
}

/** One, two and four worker processes. */
const workers: Part = (stack, options) =>
  withSluices(
    WORKERS.map(
      (count) => () => startSluice(stack, { name: `${count} workers`, concurrency: CONCURRENCY, workers: count }),
    ),
    async (contestants) => [named('worker processes', await measureThroughput(SHAPE, contestants, options))],
  )

/** Runs that are unfinished at any time: as one ends, another begins. */
const concurrent: Part = async (stack, options) => {
  const floor = await startFloor(stack, [SHAPE], { concurrency: CONCURRENCY })
  try {
    return await withSluices([() => startSluice(stack, { concurrency: CONCURRENCY })], async ([sluice]) => {
      const measures: Measure[] = []
      for (const atOnce of RUNS_AT_ONCE) {
        const runs = Math.round(options.steps / STEPS_PER_RUN / (atOnce === 1 ? 6 : 1))
        const work = async (contestant: { keep: NonNullable<Contestant['keep']> }) =>
          (runs * STEPS_PER_RUN * 1_000) / (await contestant.keep(SHAPE, runs, atOnce))
        await work(floor)
        await work(sluice!)
        const samples = await alternate(options.rounds, [floor, sluice!], work)
        const measure: Measure = { name: `${atOnce} runs at once`, unit: 'steps/s', better: 'more', samples }
        options.report(measure)
        measures.push(measure)
      }
      return measures
    })
  } finally {
    await floor.stop()
  }
}

/** CPU, Postgres's log and Redis's commands for the same work. */
const costs: Part = async (stack, options) => {
  const floor = await startFloor(stack, [SHAPE], { concurrency: CONCURRENCY })
  const redis = new Redis(stack.redisUrl)
  const sluices = await startSluices(stack, { concurrency: CONCURRENCY }, options.before)
  try {
    const segmented = sluices.map((sluice) => ({ ...withSegments(sluice), workerPids: sluice.workerPids }))
    const contestants = [floor, ...sluices, ...segmented]
    const runs = Math.round(options.steps / STEPS_PER_RUN)
    const thousands = (runs * STEPS_PER_RUN) / 1_000
    const used = new Map<string, Usage[]>(contestants.map(({ name }) => [name, []]))
    for (const contestant of contestants) await contestant.run(SHAPE, runs)
    await alternate(options.rounds, contestants, async (contestant) => {
      const before = await readUsage(stack, redis, contestant.workerPids)
      await contestant.run(SHAPE, runs)
      const after = await readUsage(stack, redis, contestant.workerPids)
      used.get(contestant.name)!.push(minus(after, before))
      return 0
    })
    return COSTS.map(({ name, unit, of }): Measure => {
      const sampleOf = ([contestant, rounds]: [string, Usage[]]): Sample => ({
        contestant,
        values: rounds.map((round) => of(round) / thousands),
      })
      const samples = [...used].map(sampleOf)
      const measure: Measure = { name, unit, better: 'less', samples }
      options.report(measure)
      return measure
    })
  } finally {
    redis.disconnect()
    for (const sluice of sluices) await sluice.stop()
    await floor.stop()
  }
}

/** Each for 1,000 steps. */
const COSTS: readonly { name: string; unit: string; of: (usage: Usage) => number }[] = [
  {
    name: 'CPU of all, 1,000 steps',
    unit: 's',
    of: (usage) => usage.workers + usage.submitter + usage.postgres + usage.redis,
  },
  { name: 'CPU of the worker, 1,000 steps', unit: 's', of: (usage) => usage.workers },
  { name: 'CPU of the submitter, 1,000 steps', unit: 's', of: (usage) => usage.submitter },
  { name: 'CPU of Postgres, 1,000 steps', unit: 's', of: (usage) => usage.postgres },
  { name: 'CPU of Redis, 1,000 steps', unit: 's', of: (usage) => usage.redis },
  { name: "Postgres's log (WAL), 1,000 steps", unit: 'kB', of: (usage) => usage.wal / 1_000 },
  { name: 'commands in Redis, one step', unit: 'commands', of: (usage) => usage.redisOperations / 1_000 },
  { name: 'scripts in Redis, one step', unit: 'scripts', of: (usage) => usage.redisScripts / 1_000 },
]

/** What runs hold that have begun and not ended, in Redis; and the worker process after each round of ended runs. */
const memory: Part = async (stack, options) => {
  const floor = await startFloor(stack, [SHAPE], { concurrency: CONCURRENCY })
  const redis = new Redis(stack.redisUrl)
  try {
    return await withSluices([() => startSluice(stack, { concurrency: CONCURRENCY })], async ([sluice]) => {
      const runs = Math.round(options.steps / STEPS_PER_RUN)
      const resident = [floor, sluice!].map(({ name }): Sample => ({ contestant: name, values: [] }))
      const contestants = [floor, sluice!]
      for (const contestant of contestants) await contestant.run(SHAPE, runs)
      const held = await alternate(options.rounds, contestants, async (contestant) => {
        const [pid] = contestant.workerPids
        process.kill(pid!, 'SIGSTOP')
        const before = await usedMemory(redis)
        const keysBefore = await redis.dbsize()
        const done = contestant.run(SHAPE, runs)
        await flowsAdded(redis, keysBefore + runs * (STEPS_PER_RUN + 1))
        const after = await usedMemory(redis)
        process.kill(pid!, 'SIGCONT')
        await done
        resident[contestants.indexOf(contestant)]!.values.push(residentBytes(pid!) / 1e6)
        return (after - before) / runs / 1_000
      })
      const measures: Measure[] = [
        { name: 'memory of Redis for a run of 10 steps in flight', unit: 'kB', better: 'less', samples: held },
        { name: `memory of the worker after each ${runs} runs`, unit: 'MB', better: 'less', samples: resident },
      ]
      measures.forEach(options.report)
      return measures
    })
  } finally {
    redis.disconnect()
    await floor.stop()
  }
}

/** Runs that ended before: a month of them, as they are stored. */
const history: Part = (stack, options) =>
  withSluices(
    HISTORIES.map((steps) => async () => {
      const name = `${(steps / 1e6).toLocaleString('en')} million steps before`
      const past = { runs: steps / STEPS_PER_RUN, stepsPerRun: STEPS_PER_RUN, workflows: 100, openRuns: 0 }
      const prepare = (databaseUrl: string) => (steps === 0 ? Promise.resolve() : loadHistory(databaseUrl, past))
      return startSluice(stack, { name, concurrency: CONCURRENCY, prepare })
    }),
    async (contestants) => [named('history', await measureThroughput(SHAPE, contestants, options))],
  )

/** Starts contestants one after the other, and stops those that have started whatever happens. */
async function withSluices(
  starts: readonly (() => Promise<SluiceContestant>)[],
  work: (contestants: SluiceContestant[]) => Promise<Measure[]>,
): Promise<Measure[]> {
  const contestants: SluiceContestant[] = []
  try {
    for (const start of starts) contestants.push(await start())
    return await work(contestants)
  } finally {
    for (const contestant of contestants) await contestant.stop()
  }
}

function named(name: string, measure: Measure): Measure {
  return { ...measure, name: `${name}: ${measure.name}` }
}

function minus(after: Usage, before: Usage): Usage {
  const keys = Object.keys(after) as (keyof Usage)[]
  return Object.fromEntries(keys.map((key) => [key, after[key] - before[key]])) as unknown as Usage
}

/** Resolves once there are that many keys, a job being at least one, and no more are added. */
async function flowsAdded(redis: Redis, keys: number): Promise<void> {
  let last = 0
  await until(async () => {
    const now = await redis.dbsize()
    const settled = now >= keys && now === last
    last = now
    return settled
  })
}

async function usedMemory(redis: Redis): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1])
}
