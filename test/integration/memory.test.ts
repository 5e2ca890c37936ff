import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { withRedis } from '../support/servers.ts'
import { chain } from '../support/shapes.ts'
import { startSystem, type System } from '../support/system.ts'

const RUNS = 1_000
const MIB = 1024 * 1024

/** Bytes that Redis uses, as soon as its queues are empty but for the jobs that it keeps. */
async function redisMemory(system: System): Promise<number> {
  return await withRedis(system.redis.url, async (redis) => {
    const text = await redis.info('memory')
    return Number(/^used_memory:(\d+)/m.exec(text)?.[1])
  })
}

/** Resident memory of a process, in MiB; null where the system does not tell. */
function residentMib(pid: number): number | null {
  try {
    const pages = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return Math.round(Number(pages) / 1024)
  } catch {
    return null
  }
}

test(`batches of ${RUNS} runs of 10 steps leave Redis's memory flat`, { timeout: 300_000 }, async () => {
  const system = await startSystem({ own: ['redis'] })
  try {
    const definition = chain('flat', 10)
    await system.post('/workflows', definition)
    const batch = async () => {
      const runs = Array.from({ length: RUNS }, () => ({}))
      const { items } = await system.post<{ items: { id: string }[] }>('/workflows/flat/runs/batch', { runs })
      await eventually(
        async () => {
          const ids = items.map((item) => item.id)
          const [row] = await system.database.query<{ left: number }>(
            `SELECT count(*)::int AS left FROM runs WHERE id = ANY($1) AND status <> 'completed'`,
            [ids],
          )
          expect(row?.left).toBe(0)
        },
        { timeoutMs: 90_000, everyMs: 100 },
      )
      const processes = [system.api, ...system.workers].map(({ pid }) => residentMib(pid))
      return { redis: await redisMemory(system), processes }
    }
    const [first, second, third] = [await batch(), await batch(), await batch()]
    const mib = [first, second, third].map(({ redis }) => (redis / MIB).toFixed(2))
    console.info(`Redis after each batch: ${mib.join(', ')} MiB; API and workers: ${third.processes.join(', ')} MiB`)
    expect(third.redis - second.redis).toBeLessThan(0.5 * MIB)
    expect(third.redis).toBeLessThan(20 * MIB)
  } finally {
    await system.stop()
  }
})
