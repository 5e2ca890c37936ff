import type { QueueBackend } from '../src/queue/connection.ts'
import type { DefinitionInput } from '../src/workflow/definition.ts'
import { startService } from './service.ts'
import type { Stack } from './stack.ts'

/** Milliseconds from the commit of a step, by Postgres's clock, to the event in a client, by the same machine's. */
export interface StreamLatency {
  backend: QueueBackend
  events: number
  p50: number
  p99: number
  max: number
}

const STEPS = 30
const RUNS = 10
const CLIENTS_PER_RUN = 5
const ROUNDS = 3

/** Steps that take 50 ms, one after the other: some 200 changes a second in all runs together. */
const definition: DefinitionInput = {
  name: 'watched',
  steps: Array.from({ length: STEPS }, (_, n) => ({
    id: `s${n}`,
    depends_on: n === 0 ? [] : [`s${n - 1}`],
    config: { duration_seconds: 0.05 },
  })),
}

/** Ten runs at once, each watched by five clients over Server-Sent Events; after a round to warm up. */
export async function measureStreams(stack: Stack, backend: QueueBackend): Promise<StreamLatency> {
  const service = await startService(stack, `stream_${backend}`, backend)
  try {
    const times: number[] = []
    for (let round = 0; round <= ROUNDS; round += 1) {
      const runs = await Promise.all(Array.from({ length: RUNS }, () => watchRun(service.api)))
      if (round > 0) times.push(...runs.flat())
    }
    times.sort((a, b) => a - b)
    const at = (part: number) => times[Math.floor((times.length - 1) * part)] ?? Number.NaN
    return { backend, events: times.length, p50: at(0.5), p99: at(0.99), max: at(1) }
  } finally {
    await service.stop()
  }
}

async function watchRun(api: string): Promise<number[]> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${api}/runs`, { method: 'POST', headers, body: JSON.stringify({ definition }) })
  const { id } = (await response.json()) as { id: string }
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
