import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { startFloor, startSluice, type Contestant } from './contestants.ts'
import { chain, fanOut, publishedDags } from './shapes.ts'
import { measureLatency } from './latency.ts'
import { measureMemory } from './memory.ts'
import { startService } from './service.ts'
import { startStack } from './stack.ts'
import { measureStreams, type StreamLatency } from './stream.ts'
import type { DefinitionInput } from '../src/workflow/definition.ts'

/**
 * `npm run bench`: the whole engine against bare BullMQ with the same flows, in one run, in alternating order. Figures are
 * medians, with the spread from worst to best; only ratios mean anything beyond the machine. `--only` takes part of a
 * shape's name, or `stream` for the latency of streams alone.
 */

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    steps: { type: 'string', default: '6000' },
    json: { type: 'string' },
  },
})
const ROUNDS = Number(flags.rounds)
const STEPS = Number(flags.steps)
const LATENCY_RUNS = 300
const MEMORY_BATCHES = 5

interface Row {
  shape: string
  runs: number
  steps: number
  floor: number[]
  sluice: number[]
}

const shapes: DefinitionInput[] = [chain('chain-10', 10), fanOut('fan-out-100', 100), ...publishedDags()].filter(
  (shape) => shape.name.includes(flags.only),
)

const stack = await startStack()
try {
  const results =
    flags.only === 'stream' ? { streams: await streams() } : { ...(await engine()), streams: await streams() }
  if (flags.json !== undefined) await writeFile(flags.json, JSON.stringify(results, null, 2))
} finally {
  await stack.stop()
}

/** The engine against bare BullMQ; latency and memory of the whole service. */
async function engine() {
  const floor = await startFloor(stack, shapes)
  const sluice = await startSluice(stack)
  const rows: Row[] = []
  for (const shape of shapes) rows.push(await measure(shape, floor, sluice))
  await Promise.allSettled([floor.stop(), sluice.stop()])
  print(rows)
  const service = await startService(stack, 'service')
  const latency = await measureLatency(service, LATENCY_RUNS)
  console.log(
    `\nsingle-step run over HTTP, submit to completed, ${latency.runs} one after the other: p50 ${latency.p50.toFixed(1)} ms, p99 ${latency.p99.toFixed(1)} ms`,
  )
  const memory = await measureMemory(stack, service, MEMORY_BATCHES, 1_000)
  await service.stop()
  console.log('\nmemory after batches of 1,000 runs of 10 steps, in MB: Redis, API process, worker process')
  for (const row of memory)
    console.log(
      `${String(row.runs).padEnd(8)}${[row.redis, row.api, row.worker].map((bytes) => (bytes / 1e6).toFixed(1).padStart(10)).join('')}`,
    )
  return { rows, latency, memory }
}

/** How soon clients see what was committed, on both queue backends. */
async function streams() {
  console.log(
    '\nstreams, commit of a step to the event in a client: 10 runs at once, 5 clients each, 200 steps/s in all',
  )
  const results: StreamLatency[] = []
  for (const backend of ['redis', 'postgres'] as const) {
    const result = await measureStreams(stack, backend)
    const { events, p50, p99, max } = result
    console.log(`${backend.padEnd(10)}${events} events: p50 ${p50} ms, p99 ${p99} ms, at most ${max} ms`)
    results.push(result)
  }
  return results
}

async function measure(shape: DefinitionInput, one: Contestant, other: Contestant): Promise<Row> {
  const runs = Math.max(1, Math.round(STEPS / shape.steps.length))
  const row: Row = { shape: shape.name, runs, steps: shape.steps.length, floor: [], sluice: [] }
  const warmUp = Math.max(1, Math.round(runs / 4))
  await one.run(shape, warmUp)
  await other.run(shape, warmUp)
  for (let round = 0; round < ROUNDS; round += 1) {
    const order = round % 2 === 0 ? [one, other] : [other, one]
    for (const contestant of order) {
      const ms = await contestant.run(shape, runs)
      ;(contestant === one ? row.floor : row.sluice).push((runs * shape.steps.length * 1_000) / ms)
    }
  }
  console.error(`${shape.name}: ${describe(row.floor)} | ${describe(row.sluice)}`)
  return row
}

function print(rows: readonly Row[]): void {
  console.log(`\nsteps/s, median of ${ROUNDS} (worst to best); one worker process each, in one run`)
  console.log(`${'shape'.padEnd(16)}${'runs x steps'.padEnd(16)}${'bare BullMQ'.padEnd(26)}${'Sluice'.padEnd(26)}ratio`)
  for (const row of rows) {
    const ratio = median(row.sluice) / median(row.floor)
    console.log(
      `${row.shape.padEnd(16)}${`${row.runs} x ${row.steps}`.padEnd(16)}${describe(row.floor).padEnd(26)}${describe(row.sluice).padEnd(26)}${ratio.toFixed(2)}`,
    )
  }
}

function describe(values: readonly number[]): string {
  return `${Math.round(median(values))} (${Math.round(Math.min(...values))} to ${Math.round(Math.max(...values))})`
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
