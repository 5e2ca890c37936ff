import { startFloor, startFloorApi } from '../contestants/floor.ts'
import { startService } from '../contestants/service.ts'
import { chain, fanOut, publishedDags } from '../contestants/shapes.ts'
import { startSluices, withSegments } from '../contestants/sluice.ts'
import type { Contestant } from '../contestants/contestant.ts'
import { alternate, type Measure, type SuiteResult } from '../harness/figures.ts'
import type { Stack } from '../harness/stack.ts'
import type { SuiteOptions } from '../harness/suite.ts'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import { measureLatency, SINGLE_STEP, timedByEvents, timedFloorApi, timedOverHttp } from './latency.ts'

/** Steps that each contestant runs at once. */
const CONCURRENCY = 100
const LATENCY = 'single-step latency'

/** The engine against bare BullMQ with the same flows, one worker process each; `only` takes part of a measure's name. */
export async function floorSuite(stack: Stack, options: SuiteOptions): Promise<SuiteResult> {
  const shapes = floorShapes().filter(({ name }) => name.includes(options.only))
  const measures: Measure[] = []
  const floor = await startFloor(stack, [...shapes, SINGLE_STEP], { concurrency: CONCURRENCY })
  try {
    const sluices = await startSluices(stack, { concurrency: CONCURRENCY }, options.before)
    try {
      for (const shape of shapes) {
        const segmented = shape.name.startsWith('chain') ? sluices.map(withSegments) : []
        measures.push(await measureThroughput(shape, [floor, ...sluices, ...segmented], options))
      }
      if (LATENCY.includes(options.only)) {
        const contestants = [floor, ...sluices].map(timedByEvents)
        measures.push(...(await measureLatency(`${LATENCY}, told by BullMQ`, contestants, options)))
      }
    } finally {
      for (const sluice of sluices) await sluice.stop()
    }
    if (LATENCY.includes(options.only)) {
      const service = await startService(stack, { name: 'latency' })
      const { before: root } = options
      const others = root === undefined ? [] : [await startService(stack, { name: 'latency_before', root })]
      const floorApi = await startFloorApi(stack, floor, SINGLE_STEP)
      const contestants = [timedFloorApi(floorApi), await timedOverHttp(service, 'Sluice')]
      for (const other of others) contestants.push(await timedOverHttp(other, 'Sluice before'))
      measures.push(...(await measureLatency(`${LATENCY}, over HTTP`, contestants, options)))
      await floorApi.stop()
      for (const each of [service, ...others]) await each.stop()
    }
  } finally {
    await floor.stop()
  }
  return {
    suite: 'floor',
    about: `Bare BullMQ with the same flows against the whole engine; one worker process each, ${CONCURRENCY} steps at once.`,
    measures,
  }
}

/** What is run: a chain, a fan-out, and the nine published DAGs. */
export function floorShapes(): DefinitionInput[] {
  return [chain('chain-10', 10), fanOut('fan-out-100', 100), ...publishedDags()]
}

/**
 * Steps a second of each contestant, in about `options.steps` steps a round. A round of each comes before and does not count: in its
 * first seconds a process spends a quarter of its time on compiling what it runs.
 */
export async function measureThroughput(
  shape: DefinitionInput,
  contestants: readonly Contestant[],
  options: SuiteOptions,
): Promise<Measure> {
  const runs = Math.max(1, Math.round(options.steps / shape.steps.length))
  for (const contestant of contestants) await contestant.run(shape, runs)
  const samples = await alternate(options.rounds, contestants, async (contestant) => {
    const ms = await contestant.run(shape, runs)
    return (runs * shape.steps.length * 1_000) / ms
  })
  const measure: Measure = {
    name: `${shape.name}, ${runs} runs of ${shape.steps.length} steps`,
    unit: 'steps/s',
    better: 'more',
    samples,
  }
  options.report(measure)
  return measure
}
