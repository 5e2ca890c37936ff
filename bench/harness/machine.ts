import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { PACKAGE_ROOT } from '../../src/package-root.ts'
import { query, type Stack } from './stack.ts'

/** What figures depend on beside the code. */
export interface Machine {
  date: string
  commit: string
  cpu: string
  cores: number
  memoryGib: number
  system: string
  node: string
  postgres: string
  redis: string
  bullmq: string
}

/** Describes the machine and the stores of a measurement. */
export async function describeMachine(stack: Stack): Promise<Machine> {
  const redis = new Redis(stack.redisUrl)
  const [row] = await query<{ version: string }>(
    stack.databaseUrl,
    "SELECT current_setting('server_version') AS version",
  )
  const info = await redis.info('server')
  redis.disconnect()
  const bullmq = readFileSync(join(PACKAGE_ROOT, 'node_modules/bullmq/package.json'), 'utf8')
  return {
    date: new Date().toISOString(),
    commit: commit(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.versions.node,
    postgres: row!.version,
    redis: /^(?:valkey|redis)_version:(\S+)/m.exec(info)?.[1] ?? 'unknown',
    bullmq: (JSON.parse(bullmq) as { version: string }).version,
  }
}

/** The commit that is measured; with `+` where files differ from it. */
function commit(): string {
  try {
    const git = (...args: string[]) => execFileSync('git', args, { cwd: PACKAGE_ROOT, encoding: 'utf8' }).trim()
    const dirty = git('status', '--porcelain', '--untracked-files=no') !== ''
    return git('rev-parse', '--short', 'HEAD') + (dirty ? '+' : '')
  } catch {
    return 'unknown'
  }
}
