import type { Service } from './service.ts'
import { chain } from './shapes.ts'

/** Milliseconds from submitting a run over HTTP to seeing it completed over HTTP. */
export interface Latency {
  runs: number
  p50: number
  p99: number
}

/** Single-step runs, one after the other: each is submitted, and read again and again until it has completed. */
export async function measureLatency({ api }: Service, runs: number): Promise<Latency> {
  const headers = { 'content-type': 'application/json' }
  await fetch(`${api}/workflows`, { method: 'POST', headers, body: JSON.stringify(chain('single-step', 1)) })
  const times: number[] = []
  for (let run = -20; run < runs; run += 1) {
    const started = performance.now()
    const response = await fetch(`${api}/workflows/single-step/runs`, { method: 'POST', headers, body: '{}' })
    let { id, status } = (await response.json()) as { id: string; status: string }
    while (status !== 'completed') {
      const again = await fetch(`${api}/runs/${id}`)
      ;({ id, status } = (await again.json()) as { id: string; status: string })
    }
    // The first twenty warm the processes up.
    if (run >= 0) times.push(performance.now() - started)
  }
  times.sort((a, b) => a - b)
  return { runs, p50: times[Math.floor(runs * 0.5)]!, p99: times[Math.floor(runs * 0.99)]! }
}
