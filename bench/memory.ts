import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Service } from './service.ts'
import { chain } from './shapes.ts'
import type { Stack } from './stack.ts'

/** Memory after a batch of runs has ended, in bytes. */
export interface Memory {
  runs: number
  redis: number
  api: number
  worker: number
}

const POLL_MS = 50

/** Batches of runs of 10 steps, each ended before the next: memory after each shows whether anything piles up. */
export async function measureMemory(stack: Stack, service: Service, batches: number, runs: number): Promise<Memory[]> {
  const { api } = service
  const headers = { 'content-type': 'application/json' }
  const redis = new Redis(stack.redisUrl)
  await fetch(`${api}/workflows`, { method: 'POST', headers, body: JSON.stringify(chain('memory', 10)) })
  const rows: Memory[] = []
  for (let batch = 1; batch <= batches; batch += 1) {
    const body = JSON.stringify({ runs: Array.from({ length: runs }, () => ({})) })
    await fetch(`${api}/workflows/memory/runs/batch`, { method: 'POST', headers, body })
    while (await isAnyUnfinished(api)) await sleep(POLL_MS)
    const used = /^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]
    rows.push({
      runs: batch * runs,
      redis: Number(used),
      api: residentBytes(service.apiPid),
      worker: residentBytes(service.workerPid),
    })
  }
  redis.disconnect()
  return rows
}

async function isAnyUnfinished(api: string): Promise<boolean> {
  const response = await fetch(`${api}/runs?status=queued,running&limit=1`)
  return ((await response.json()) as { items: unknown[] }).items.length > 0
}

/** Resident memory of a process, from /proc (Linux). */
function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) * 1024
}
