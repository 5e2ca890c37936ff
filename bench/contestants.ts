import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { FlowProducer } from 'bullmq'
import { Redis } from 'ioredis'
import { openDatabase } from '../src/db/client.ts'
import { migrate } from '../src/db/migrate.ts'
import { flowSpec } from '../src/engine/dispatch.ts'
import { createEngine } from '../src/engine/engine.ts'
import { startReconciler } from '../src/engine/reconcile.ts'
import { registerWorkflow } from '../src/engine/register.ts'
import { startRuns } from '../src/engine/start.ts'
import { createLogger } from '../src/log.ts'
import { buildFlow } from '../src/queue/flow.ts'
import { RunQueue } from '../src/queue/queue.ts'
import { compileWorkflow } from '../src/workflow/compile.ts'
import type { DefinitionInput, Json } from '../src/workflow/definition.ts'
import type { Stack } from './stack.ts'

/** Something that runs definitions; one worker process, the same concurrency. */
export interface Contestant {
  name: string
  /** Submits `runs` runs and resolves, with the milliseconds, when the last has ended. */
  run(definition: DefinitionInput, runs: number): Promise<number>
  stop(): Promise<void>
}

const CONCURRENCY = 50
/** Rare enough that asking costs neither contestant anything. */
const POLL_MS = 20
const DEADLINE_MS = 300_000
/** Runs of one submission. */
const CHUNK = 100
const REPOSITORY = join(import.meta.dirname, '..')

/** Bare BullMQ with the same flows: what the queue alone can do. */
export async function startFloor(stack: Stack, definitions: readonly DefinitionInput[]): Promise<Contestant> {
  const prefix = `floor${randomUUID().slice(0, 8)}`
  const file = join(tmpdir(), `${prefix}.json`)
  await writeFile(file, JSON.stringify(definitions))
  const worker = await startProcess(
    ['--import', 'tsx', join(REPOSITORY, 'bench/floor-worker.ts'), stack.redisUrl, prefix, String(CONCURRENCY), file],
    {},
    /ready/,
  )
  const connection = new Redis(stack.redisUrl, { maxRetriesPerRequest: null })
  const flows = new FlowProducer({ connection, prefix })
  let submitted = 0
  return {
    name: 'bare BullMQ',
    async run(definition, runs) {
      const compiled = compileWorkflow(definition as Json)
      const before = submitted
      const started = performance.now()
      for (let done = 0; done < runs; done += CHUNK) {
        const size = Math.min(CHUNK, runs - done)
        const ids = Array.from({ length: size }, () => `${definition.name}~${submitted++}`)
        await flows.addBulk(
          ids.map((id) => buildFlow(flowSpec(compiled, { id, epoch: 1, priority: null }, () => false))),
        )
      }
      await until(async () => Number(await connection.get(`${prefix}:finished`)) >= before + runs)
      return performance.now() - started
    },
    async stop() {
      await stopProcess(worker)
      await flows.close()
      connection.disconnect()
    },
  }
}

/** The whole engine: Postgres is told of everything before BullMQ is. */
export async function startSluice(
  stack: Stack,
  options: { name?: string; backend?: 'redis' | 'postgres'; env?: Record<string, string>; nodeArgs?: string[] } = {},
): Promise<Contestant> {
  const backend = options.backend ?? 'redis'
  const prefix = `bench${randomUUID().slice(0, 8)}`
  const databaseUrl = await createDatabase(stack.databaseUrl, prefix)
  await migrate(databaseUrl)
  const log = createLogger('bench', 'warn')
  const db = openDatabase({ url: databaseUrl, connections: 4, applicationName: 'bench', hot: true, log })
  const queue = await RunQueue.open({
    backend,
    url: backend === 'redis' ? stack.redisUrl : databaseUrl,
    prefix,
    keepCompleted: 1_000,
    keepFailed: 1_000,
    log,
  })
  const engine = createEngine({ db, queue, log, lockDurationMs: 5_000 })
  const reconciler = startReconciler(engine, { databaseUrl, intervalMs: 2_000 })
  const environment = {
    DATABASE_URL: databaseUrl,
    REDIS_URL: stack.redisUrl,
    QUEUE_BACKEND: backend,
    QUEUE_PREFIX: prefix,
    WORKER_CONCURRENCY: String(CONCURRENCY),
    ...options.env,
  }
  const worker = await startProcess(
    [...(options.nodeArgs ?? []), join(REPOSITORY, 'dist/workers/main.js')],
    environment,
    /taking steps/,
  )
  await until(() => Promise.resolve(engine.queueLife.token !== null))
  return {
    name: options.name ?? 'Sluice',
    async run(definition, runs) {
      const { version } = await registerWorkflow(engine, definition as Json)
      const [before] = await db.batch<{ finished: number }>('finished', FINISHED, [version.id])
      await engine.versions.get(version.id)
      const started = performance.now()
      for (let done = 0; done < runs; done += CHUNK) {
        await startRuns(
          engine,
          version,
          Array.from({ length: Math.min(CHUNK, runs - done) }, () => ({})),
        )
      }
      await until(async () => {
        const [now] = await db.batch<{ finished: number }>('finished', FINISHED, [version.id])
        return now!.finished - before!.finished >= runs
      })
      return performance.now() - started
    },
    async stop() {
      await stopProcess(worker)
      await reconciler.stop()
      await queue.close()
      await db.close()
    },
  }
}

const FINISHED = `SELECT count(*)::int AS finished FROM runs WHERE version_id = $1 AND status IN ('completed', 'failed', 'cancelled')`

/** Creates an empty database on the server of `url`, and answers its URL. */
export async function createDatabase(url: string, name: string): Promise<string> {
  const admin = openDatabase({ url, connections: 1, applicationName: 'bench', log: createLogger('bench', 'warn') })
  await admin.pool.query(`CREATE DATABASE ${name}`)
  await admin.close()
  const own = new URL(url)
  own.pathname = `/${name}`
  return own.href
}

/** Starts a Node process, and resolves when a line of its output matches. */
export async function startProcess(
  argv: string[],
  environment: Record<string, string>,
  ready: RegExp,
): Promise<ChildProcess> {
  const child = spawn(process.execPath, argv, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${argv.join(' ')} exited with ${code}`)))
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        if (ready.test(line)) resolve()
        else if (/"level":[456]0|Error/.test(line)) console.error(line.slice(0, 500))
      })
    }
  })
  return child
}

/** Stops a process in order; kills it where that takes longer than 10 s. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await Promise.race([exited, sleep(10_000).then(() => child.kill('SIGKILL'))])
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`nothing after ${DEADLINE_MS} ms`)
    await sleep(POLL_MS)
  }
}
