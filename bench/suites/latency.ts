import { join } from 'node:path'
import type { Contestant } from '../contestants/contestant.ts'
import type { FloorContestant } from '../contestants/floor.ts'
import { post, register, type Service } from '../contestants/service.ts'
import { chain } from '../contestants/shapes.ts'
import { alternateTimes, type Measure } from '../harness/figures.ts'
import { startProcess, stopProcess } from '../harness/processes.ts'
import type { Stack } from '../harness/stack.ts'

/** Runs of one step, one after the other: from before the submission until the submitter knows that it has ended. */

/** Of each contestant and round. */
const RUNS = 200
const WARM_UP = 50

/** The definition that is timed. */
export const SINGLE_STEP = chain('single-step', 1)

/** Something that can be timed. */
interface Timed {
  name: string
  /** One run; the milliseconds. */
  once(): Promise<number>
}

/** Median and 99th percentile of the contestants' runs of one step, submitted and awaited in the same way. */
export async function measureLatency(name: string, contestants: readonly Timed[], rounds: number): Promise<Measure[]> {
  for (const contestant of contestants) await timeRuns(contestant, WARM_UP)
  return alternateTimes(name, rounds, contestants, (contestant) => timeRuns(contestant, RUNS))
}

/** A contestant as BullMQ's events tell of its runs. */
export function timedByEvents(contestant: Contestant): Timed {
  return { name: contestant.name, once: () => contestant.once(SINGLE_STEP) }
}

/** The whole service as its clients see it: POST, then GET until the run has completed. */
export async function timedOverHttp(service: Service): Promise<Timed> {
  await register(service, SINGLE_STEP)
  return {
    name: 'Sluice',
    once: () => timeOverHttp(`${service.api}/workflows/${SINGLE_STEP.name}/runs`, (id) => `${service.api}/runs/${id}`),
  }
}

/** An API of a few lines in front of bare BullMQ, asked in the same way; `stop` ends it. */
export async function startFloorApi(stack: Stack, floor: FloorContestant): Promise<Timed & { stop(): Promise<void> }> {
  let port = ''
  const program = join(import.meta.dirname, '../contestants/floor-api.ts')
  const child = await startProcess(
    ['--import', 'tsx', program, stack.redisUrl, floor.prefix, SINGLE_STEP.name],
    {},
    { test: (line) => (port = /listening on (\d+)/.exec(line)?.[1] ?? '') !== '' },
  )
  const base = `http://127.0.0.1:${port}`
  return {
    name: floor.name,
    once: () => timeOverHttp(`${base}/`, (id) => `${base}/${id}`),
    stop: () => stopProcess(child),
  }
}

async function timeRuns(contestant: Timed, runs: number): Promise<number[]> {
  const times: number[] = []
  for (let run = 0; run < runs; run += 1) times.push(await contestant.once())
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
