import { post, startService, type Service } from '../contestants/service.ts'
import { alternateTimes, type SuiteResult } from '../harness/figures.ts'
import type { Stack } from '../harness/stack.ts'
import type { SuiteOptions } from '../harness/suite.ts'
import type { DefinitionInput } from '../../src/workflow/definition.ts'

const STEPS = 30
const RUNS = 10
const CLIENTS_PER_RUN = 5

/** Steps that take 50 ms, one after the other: some 200 changes a second in all runs together. */
const definition: DefinitionInput = {
  name: 'watched',
  steps: Array.from({ length: STEPS }, (_, n) => ({
    id: `s${n}`,
    depends_on: n === 0 ? [] : [`s${n - 1}`],
    config: { duration_seconds: 0.05 },
  })),
}

/** How soon clients see what was committed: ten runs at once, each watched by five clients over Server-Sent Events. */
export async function streamsSuite(stack: Stack, options: SuiteOptions): Promise<SuiteResult> {
  const services: { name: string; service: Service }[] = []
  try {
    for (const backend of ['redis', 'postgres'] as const) {
      services.push({
        name: `queue on ${backend}`,
        service: await startService(stack, { name: `stream_${backend}`, backend }),
      })
    }
    for (const { service } of services) await watchRuns(service)
    const measures = await alternateTimes('commit to event in a client', options.rounds, services, ({ service }) =>
      watchRuns(service),
    )
    return {
      suite: 'streams',
      about: `${RUNS} runs at once, ${CLIENTS_PER_RUN} clients each, some 200 steps/s in all: from the commit of a step, by Postgres's clock, to the event in a client, by the same machine's.`,
      measures,
    }
  } finally {
    for (const { service } of services) await service.stop()
  }
}

async function watchRuns({ api }: Service): Promise<number[]> {
  const runs = await Promise.all(Array.from({ length: RUNS }, () => watchRun(api)))
  return runs.flat()
}

async function watchRun(api: string): Promise<number[]> {
  const { id } = await post<{ id: string }>(`${api}/runs`, { definition })
  const watching = Array.from({ length: CLIENTS_PER_RUN }, () => watch(`${api}/runs/${id}/stream`))
  return (await Promise.all(watching)).flat()
}

/** Reads a stream to its end; the latency of each step's completion. */
async function watch(url: string): Promise<number[]> {
  const { body } = await fetch(url)
  const times: number[] = []
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body ?? []) {
    const now = Date.now()
    const blocks = (text + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      if (!block.startsWith('event: step')) continue
      const step = JSON.parse(block.slice(block.indexOf('data: ') + 6)) as { completed_at: string | null }
      if (step.completed_at !== null) times.push(now - Date.parse(step.completed_at))
    }
  }
  return times
}
