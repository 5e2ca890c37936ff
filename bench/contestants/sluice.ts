import { randomUUID } from 'node:crypto'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { v7 as uuidv7 } from 'uuid'
import { openDatabase } from '../../src/db/client.ts'
import { migrate } from '../../src/db/migrate.ts'
import { createEngine } from '../../src/engine/engine.ts'
import { startReconciler } from '../../src/engine/reconcile.ts'
import { registerWorkflow } from '../../src/engine/register.ts'
import { startRuns } from '../../src/engine/start.ts'
import { createLogger } from '../../src/log.ts'
import { PACKAGE_ROOT } from '../../src/package-root.ts'
import { RunQueue } from '../../src/queue/queue.ts'
import type { DefinitionInput, Json } from '../../src/workflow/definition.ts'
import { startProcess, stopProcess, until } from '../harness/processes.ts'
import { createDatabase, dropDatabase, type Stack } from '../harness/stack.ts'
import { RunWatches, type Contestant } from './contestant.ts'
import { RUNS_PER_SUBMISSION } from './floor.ts'

/** What may differ between two measurements of Sluice. */
export interface SluiceOptions {
  name?: string
  /** Steps that each worker runs at once. */
  concurrency: number
  /** Worker processes; 1. */
  workers?: number
  /** Called with the URL of the migrated database before anything connects to it. */
  prepare?: (databaseUrl: string) => Promise<void>
}

/** {@link Contestant}, with what its processes cost. */
export interface SluiceContestant extends Contestant {
  databaseUrl: string
  workerPids: readonly number[]
  keep: NonNullable<Contestant['keep']>
}

/** The whole engine, submitting in this process and working in others: Postgres is told of everything before BullMQ is. */
export async function startSluice(stack: Stack, options: SluiceOptions): Promise<SluiceContestant> {
  const prefix = `bench${randomUUID().slice(0, 8)}`
  const databaseUrl = await createDatabase(stack.databaseUrl, prefix)
  await migrate(databaseUrl)
  await options.prepare?.(databaseUrl)
  const log = createLogger('bench', 'warn')
  const db = openDatabase({ url: databaseUrl, connections: 4, applicationName: 'bench', hot: true, log })
  const queue = await RunQueue.open({
    backend: 'redis',
    url: stack.redisUrl,
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
    QUEUE_BACKEND: 'redis',
    QUEUE_PREFIX: prefix,
    WORKER_CONCURRENCY: String(options.concurrency),
  }
  const workers = await Promise.all(
    Array.from({ length: options.workers ?? 1 }, () =>
      startProcess([join(PACKAGE_ROOT, 'dist/workers/main.js')], environment, /taking steps/),
    ),
  )
  await until(() => Promise.resolve(engine.queueLife.token !== null))
  const watches = new RunWatches(stack.redisUrl, prefix)
  const unfinished = async (ids: readonly string[]) =>
    (await db.batch<{ id: string }>('unfinished', UNFINISHED, [ids])).map(({ id }) => id)
  return {
    name: options.name ?? 'Sluice',
    databaseUrl,
    workerPids: workers.map((worker) => worker.pid!),
    async run(definition, runs) {
      const { version } = await registerWorkflow(engine, definition as Json)
      await engine.versions.get(version.id)
      const started = performance.now()
      let pending: string[] = []
      while (pending.length < runs) {
        const count = Math.min(RUNS_PER_SUBMISSION, runs - pending.length)
        pending = pending.concat((await startRuns(engine, version, emptyRequests(count))).ids)
      }
      // The last ones first: to ask for all of them, again and again, would be work that the service does not have.
      await until(async () => {
        if ((await unfinished(pending.slice(-1))).length === 0) pending = await unfinished(pending)
        return pending.length === 0
      })
      return performance.now() - started
    },
    async once(definition) {
      const { version } = await registerWorkflow(engine, definition as Json)
      const id = uuidv7()
      return watches.of(definition).time(id, () => startRuns(engine, version, [{ id }]))
    },
    async keep(definition, runs, atOnce) {
      const { version } = await registerWorkflow(engine, definition as Json)
      return watches.of(definition).keep(runs, atOnce, (count) => startRuns(engine, version, emptyRequests(count)))
    },
    async stop() {
      await watches.close()
      await Promise.all(workers.map(stopProcess))
      await reconciler.stop()
      await queue.close()
      await db.close()
      await dropDatabase(stack.databaseUrl, databaseUrl)
    },
  }
}

/** This checkout's engine, and that of the folder `before` where there is one to compare with. */
export async function startSluices(
  stack: Stack,
  options: SluiceOptions,
  before: string | undefined,
): Promise<SluiceContestant[]> {
  const own = await startSluice(stack, options)
  return before === undefined
    ? [own]
    : [own, await startOtherSluice(before, stack, { ...options, name: 'Sluice before' })]
}

/** {@link startSluice} of another checkout of this repository, which is built: what it was before a change. */
async function startOtherSluice(folder: string, stack: Stack, options: SluiceOptions): Promise<SluiceContestant> {
  const { href } = pathToFileURL(resolve(folder, 'bench/contestants/sluice.ts'))
  const other = (await import(href)) as { startSluice: typeof startSluice }
  return other.startSluice(stack, options)
}

/** The same processes, asked to let linear stretches of steps share a job. */
export function withSegments(sluice: Contestant): Contestant {
  const segmented = (definition: DefinitionInput): DefinitionInput => ({
    ...definition,
    name: `${definition.name}-segment`,
    sequencing: 'segment',
  })
  return {
    ...sluice,
    name: `${sluice.name}, segments`,
    run: (definition, runs) => sluice.run(segmented(definition), runs),
    once: (definition) => sluice.once(segmented(definition)),
  }
}

const emptyRequests = (length: number) => Array.from({ length }, () => ({}))

const UNFINISHED = `SELECT id FROM runs WHERE id = ANY($1::uuid[]) AND status NOT IN ('completed', 'failed', 'cancelled')`
