import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { post, register, startService, type Service } from '../contestants/service.ts'
import { topFunctions } from '../harness/cpu-profile.ts'
import { query, type Stack } from '../harness/stack.ts'
import type { SuiteOptions } from '../harness/suite.ts'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import { floorShapes } from './floor.ts'
import { SINGLE_STEP, timedOverHttp } from './latency.ts'

/** Runs of one request of a batch. */
const BATCH = 1_000
const SINGLE_RUNS = 500
const POLL_MS = 20
const TOP = 40
/** As the index on unfinished runs has it. */
const UNFINISHED = "status NOT IN ('completed', 'failed', 'cancelled')"

/** A load to look into: shapes at full speed, and runs of one step one after the other. */
interface Load {
  name: string
  runs: number
  steps: number
  definition: DefinitionInput
  work: (service: Service) => Promise<void>
}

/**
 * Where the time goes: each load on a service of its own under `--cpu-prof`, with what Postgres (pg_stat_statements) and
 * Redis (commandstats) have done for it. For each load, `folder` gets the CPU profiles and a page that sums them up.
 */
export async function profile(stack: Stack, options: SuiteOptions, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const loads = loadsOf(options).filter(({ name }) => name.includes(options.only))
  for (const [index, load] of loads.entries()) {
    const nodeArgs = (process: string) => [
      '--cpu-prof',
      `--cpu-prof-dir=${folder}`,
      `--cpu-prof-name=${load.name}.${process}.cpuprofile`,
    ]
    const service = await startService(stack, { name: `profile${index}`, nodeArgs })
    const sections = await measureLoad(stack, service, load).finally(() => service.stop())
    for (const process of ['worker', 'api']) {
      const file = join(folder, `${load.name}.${process}.cpuprofile`)
      sections.push(
        `## CPU of the ${process}\n\n${table(['self ms', 'self %', 'function'], await topFunctions(file, TOP))}`,
      )
    }
    await writeFile(join(folder, `${load.name}.md`), `${sections.join('\n\n')}\n`)
    console.log(`${load.name}: ${join(folder, `${load.name}.md`)}`)
  }
  console.log(`${(await readdir(folder)).length} files in ${folder}`)
}

function loadsOf({ steps }: SuiteOptions): Load[] {
  const full = floorShapes().map((definition): Load => {
    const runs = Math.max(1, Math.round((3 * steps) / definition.steps.length))
    return {
      name: definition.name,
      runs,
      steps: definition.steps.length,
      definition,
      work: (service) => runAll(service, definition, runs),
    }
  })
  const single: Load = {
    name: SINGLE_STEP.name,
    runs: SINGLE_RUNS,
    steps: 1,
    definition: SINGLE_STEP,
    async work(service) {
      const timed = await timedOverHttp(service, 'Sluice')
      for (let run = 0; run < SINGLE_RUNS; run += 1) await timed.once()
    },
  }
  return [...full, single]
}

async function measureLoad(stack: Stack, service: Service, load: Load): Promise<string[]> {
  const redis = new Redis(stack.redisUrl)
  try {
    await register(service, load.definition)
    await runAll(service, load.definition, Math.min(load.runs, 50))
    await query(service.databaseUrl, 'CREATE EXTENSION IF NOT EXISTS pg_stat_statements')
    await query(service.databaseUrl, 'SELECT pg_stat_statements_reset()')
    await redis.config('RESETSTAT')
    const began = performance.now()
    await load.work(service)
    const seconds = (performance.now() - began) / 1_000
    const total = load.runs * load.steps
    return [
      `# ${load.name}\n\n${load.runs} runs of ${load.steps} steps in ${seconds.toFixed(2)} s: ${Math.round(total / seconds)} steps/s, ${((seconds * 1_000) / load.runs).toFixed(2)} ms a run.`,
      `## Postgres\n\n${table(['total ms', 'calls', 'calls a run', 'mean ms', 'rows', 'WAL kB', 'statement'], await statements(service.databaseUrl, load.runs))}`,
      `## Redis\n\n${table(['total ms', 'calls', 'calls a step', 'mean µs', 'command'], commands(await redis.info('commandstats'), total))}`,
    ]
  } finally {
    redis.disconnect()
  }
}

async function runAll({ api, databaseUrl }: Service, { name }: DefinitionInput, runs: number): Promise<void> {
  for (let done = 0; done < runs; done += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, runs - done) }, () => ({}))
    await post(`${api}/workflows/${name}/runs/batch`, { runs: batch })
  }
  while (await hasUnfinished(databaseUrl)) await sleep(POLL_MS)
}

/** Asked again and again: it is answered by an index. */
async function hasUnfinished(url: string): Promise<boolean> {
  const rows = await query(url, `SELECT 1 FROM runs WHERE ${UNFINISHED} LIMIT 1`)
  return rows.length > 0
}

async function statements(url: string, runs: number): Promise<(string | number)[][]> {
  const rows = await query<{ ms: number; calls: number; mean: number; rows: number; wal: number; query: string }>(
    url,
    `SELECT total_exec_time AS ms, calls::int, mean_exec_time AS mean, rows::int, wal_bytes::float8 AS wal, query
     FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
     ORDER BY total_exec_time DESC LIMIT ${TOP}`,
  )
  return rows.map((row) => [
    row.ms.toFixed(1),
    row.calls,
    (row.calls / runs).toFixed(2),
    row.mean.toFixed(3),
    row.rows,
    (row.wal / 1_000).toFixed(0),
    `\`${row.query.replaceAll(/\s+/g, ' ').replaceAll('|', '¦').slice(0, 160)}\``,
  ])
}

function commands(info: string, steps: number): (string | number)[][] {
  return [...info.matchAll(/^cmdstat_(\S+?):calls=(\d+),usec=(\d+),usec_per_call=([\d.]+)/gm)]
    .map(([, name, calls, usec, mean]) => ({ name: name!, calls: Number(calls), usec: Number(usec), mean: mean! }))
    .sort((a, b) => b.usec - a.usec)
    .map(({ name, calls, usec, mean }) => [(usec / 1_000).toFixed(1), calls, (calls / steps).toFixed(2), mean, name])
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}
