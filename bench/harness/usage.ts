import { readdirSync, readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'
import { query, type Stack } from './stack.ts'

/** What the kernel counts a second of CPU in (Linux: 100 everywhere). */
const TICKS_PER_SECOND = 100

/** What everything that takes part has used since it began. */
export interface Usage {
  /** Seconds of CPU: the processes that work, the one that submits (this one), and the stores. */
  workers: number
  submitter: number
  postgres: number
  redis: number
  /** Bytes of Postgres's log. */
  wal: number
  /** Commands that Redis has executed, those within scripts too. */
  redisOperations: number
  /** Scripts and transactions of those: what BullMQ asks of Redis, more or less. */
  redisScripts: number
}

/** Reads all counters. Linux only, and only with stores that are ours. */
export async function readUsage(stack: Stack, redis: Redis, workerPids: readonly number[]): Promise<Usage> {
  if (stack.pids === null) throw new Error('CPU is measured on private stores only: unset BENCH_DATABASE_URL')
  const [row] = await query<{ wal: string }>(
    stack.databaseUrl,
    "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS wal",
  )
  const { user, system } = process.cpuUsage()
  const commands = [...(await redis.info('commandstats')).matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm)]
  const calls = (pattern: RegExp) =>
    commands.reduce((sum, [, name, count]) => (pattern.test(name!) ? sum + Number(count) : sum), 0)
  return {
    workers: workerPids.reduce((sum, pid) => sum + cpuSeconds(pid), 0),
    submitter: (user + system) / 1e6,
    postgres:
      cpuSeconds(stack.pids.postgres) +
      childrenOf(stack.pids.postgres).reduce((sum, pid) => sum + cpuSeconds(pid, false), 0),
    redis: cpuSeconds(stack.pids.redis),
    wal: Number(row!.wal),
    redisOperations: calls(/./),
    redisScripts: calls(/^(evalsha|eval|exec)$/),
  }
}

/** Resident memory of a process, in bytes. */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) * 1024
}

/** Seconds of CPU of a process; with those of its children that have ended. */
function cpuSeconds(pid: number, withChildren = true): number {
  const fields = statOf(pid)
  const ticks = fields.slice(11, withChildren ? 15 : 13)
  return ticks.reduce((sum, field) => sum + Number(field), 0) / TICKS_PER_SECOND
}

function childrenOf(parent: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.map(Number).filter((pid) => Number(statOf(pid)[1]) === parent)
}

/** Fields of /proc/PID/stat from the third on; none where the process has ended meanwhile. */
function statOf(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name before may hold spaces and parentheses.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}
