import type { Contestant } from '../contestants/contestant.ts'
import type { FloorApi } from '../contestants/floor.ts'
import { post, register, type Service } from '../contestants/service.ts'
import { chain } from '../contestants/shapes.ts'
import { alternateTimes, type Measure } from '../harness/figures.ts'
import type { SuiteOptions } from '../harness/suite.ts'

/** Runs of one step, one after the other: from before the submission until the submitter knows that it has ended. */

/** Of each contestant and round. */
const RUNS = 200
const WARM_UP = 20
/** A round ends when it has lasted this long, but not before so many runs: who polls takes a tenth of a second each. */
const ROUND_MS = 2_500
const LEAST_RUNS = 20

/** The definition that is timed. */
export const SINGLE_STEP = chain('single-step', 1)

/** Something that can be timed. */
interface Timed {
  name: string
  /** One run; the milliseconds. */
  once(): Promise<number>
}

/** Median and 99th percentile of the contestants' runs of one step, submitted and awaited in the same way. */
export async function measureLatency(
  name: string,
  contestants: readonly Timed[],
  { rounds, report }: SuiteOptions,
): Promise<Measure[]> {
  for (const contestant of contestants) await timeRuns(contestant, WARM_UP)
  const measures = await alternateTimes(name, rounds, contestants, (contestant) => timeRuns(contestant, RUNS))
  measures.forEach(report)
  return measures
}

/** A contestant as BullMQ's events tell of its runs. */
export function timedByEvents(contestant: Contestant): Timed {
  return { name: contestant.name, once: () => contestant.once(SINGLE_STEP) }
}

/** The whole service as its clients see it: POST, then GET until the run has completed. */
export async function timedOverHttp(service: Service, name: string): Promise<Timed> {
  await register(service, SINGLE_STEP)
  return {
    name,
    once: () => timeOverHttp(`${service.api}/workflows/${SINGLE_STEP.name}/runs`, (id) => `${service.api}/runs/${id}`),
  }
}

/** An API of a few lines in front of bare BullMQ, asked in the same way. */
export function timedFloorApi({ name, url }: FloorApi): Timed {
  return { name, once: () => timeOverHttp(url, (id) => `${url}${id}`) }
}

async function timeRuns(contestant: Timed, runs: number): Promise<number[]> {
  const times: number[] = []
  const began = performance.now()
  while (times.length < runs && (times.length < LEAST_RUNS || performance.now() - began < ROUND_MS)) {
    times.push(await contestant.once())
  }
  return times
}

async function timeOverHttp(submitUrl: string, statusUrl: (id: string) => string): Promise<number> {
  const began = performance.now()
  const { id } = await post<{ id: string }>(submitUrl, {})
  for (let status = ''; status !== 'completed';) {
    const answer = await fetch(statusUrl(id))
    ;({ status } = (await answer.json()) as { status: string })
  }
  return performance.now() - began
}
