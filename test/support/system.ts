import { randomUUID } from 'node:crypto'
import { inject } from 'vitest'
import { freePort } from '../../src/dev/free-port.ts'
import type { QueueBackend } from '../../src/queue/connection.ts'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import { isFinished, type RunStatus } from '../../src/workflow/states.ts'
import { eventually, type Patience } from './eventually.ts'
import { isRunning, startProcess, type TestProcess } from './processes.ts'
import { readRunRecord, type RunRecord } from './run-record.ts'
import { startPrivatePostgres, startPrivateRedis, type PrivateServer } from './servers.ts'
import { connectDatabase, createTestDatabase, type TestDatabase } from './test-database.ts'

/** What {@link startSystem} starts. */
export interface SystemOptions {
  backend?: QueueBackend
  /** Default 2. */
  workers?: number
  /** A Redis, a Postgres of its own, to stop or flush; else the project's. */
  own?: readonly ('redis' | 'postgres')[]
  /** Configuration of all processes. */
  env?: Record<string, string>
}

/** The service as users run it: an API process, worker processes, and the stores. */
export interface System {
  /** Where the API that was started last listens, like `http://127.0.0.1:4711`. */
  readonly origin: string
  readonly database: TestDatabase
  /** The Redis of `own`. */
  readonly redis: PrivateServer
  /** The Postgres of `own`. */
  readonly postgres: PrivateServer
  readonly redisUrl: string
  readonly prefix: string
  /** The same. */
  readonly url: string
  /** The API process that was started last. */
  readonly api: TestProcess
  /** All worker processes that were started, dead ones too. */
  readonly workers: readonly TestProcess[]
  get<Body>(path: string): Promise<Body>
  post<Body>(path: string, body: unknown): Promise<Body>
  /** Starts an API process: at the address of the first, unless `env` has a `PORT`. */
  startApi(env?: Record<string, string>): Promise<TestProcess>
  startWorker(env?: Record<string, string>): Promise<TestProcess>
  /** Starts a run of a definition over HTTP; its id. */
  start(definition: DefinitionInput, request?: Record<string, unknown>): Promise<string>
  read(runId: string): Promise<RunRecord>
  /** The run's record once it has ended; default patience 150 s. */
  ended(runId: string, patience?: Patience): Promise<RunRecord>
  /** The worker process that executes a step, once it does. */
  executing(runId: string, stepId: string): Promise<TestProcess>
  /** Resolves once a step has begun, whether or not it has ended since. */
  begun(runId: string, stepId: string): Promise<unknown>
  /** Kills all processes, and stops and removes what is the system's own. */
  stop(): Promise<void>
}

const API = '/api/v1'
/** The built program: `npm run build` puts it there; TEST_DIST names another folder. */
export const DIST = process.env['TEST_DIST'] ?? 'dist'

/** SIGKILL; resolves when the process is gone. */
export async function kill(child: TestProcess): Promise<void> {
  child.signal('SIGKILL')
  await child.exited
}

/** Starts the service with real processes; resolves when the API answers and the workers take steps. */
export async function startSystem(options: SystemOptions = {}): Promise<System> {
  const { backend = 'redis', own = [] } = options
  const closers: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close()
  }
  try {
    const postgres = own.includes('postgres') ? await startPrivatePostgres() : null
    if (postgres) closers.push(() => postgres.dispose())
    const redis = own.includes('redis') ? await startPrivateRedis() : null
    if (redis) closers.push(() => redis.dispose())
    const database = postgres ? connectDatabase(postgres.url) : await createTestDatabase()
    closers.push(() => database.close())
    const redisUrl = redis?.url ?? inject('redisUrl')
    const prefix = `s${randomUUID().replaceAll('-', '').slice(0, 12)}`
    const port = await freePort()
    const environment = {
      DATABASE_URL: database.url,
      ...(backend === 'redis' ? { REDIS_URL: redisUrl } : {}),
      QUEUE_BACKEND: backend,
      QUEUE_PREFIX: prefix,
      PORT: String(port),
      DATABASE_POOL: '5',
      ...options.env,
    }
    const processes = manageProcesses(environment)
    closers.push(() => processes.killAll())
    await processes.startApi()
    await Promise.all(Array.from({ length: options.workers ?? 2 }, () => processes.startWorker()))
    const required = (server: PrivateServer | null, name: string): PrivateServer => {
      if (server === null) throw new Error(`the system has no ${name} of its own`)
      return server
    }
    return {
      ...questions(database, processes),
      get origin() {
        return processes.url()
      },
      database,
      get redis() {
        return required(redis, 'Redis')
      },
      get postgres() {
        return required(postgres, 'Postgres')
      },
      redisUrl,
      prefix,
      get url() {
        return processes.url()
      },
      get api() {
        return processes.api()
      },
      workers: processes.workers,
      startApi: processes.startApi,
      startWorker: processes.startWorker,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

type Processes = ReturnType<typeof manageProcesses>

function manageProcesses(environment: Record<string, string> & { PORT: string }) {
  let url = ''
  const apis: TestProcess[] = []
  const workers: TestProcess[] = []
  const api = (): TestProcess => {
    const newest = apis.at(-1)
    if (newest === undefined) throw new Error('no API process was started')
    return newest
  }
  const ready = async (child: TestProcess, what: string, check: () => Promise<boolean>): Promise<TestProcess> => {
    await eventually(
      async () => {
        if (isRunning(child.pid)) return check()
        throw new Error(child.lines.join('\n'))
      },
      { timeoutMs: 150_000, what: `${what} to be ready` },
    )
    return child
  }
  return {
    url: () => url,
    workers,
    api,
    startApi(env: Record<string, string> = {}) {
      const child = startProcess([`${DIST}/src/main.js`], { ...environment, ...env })
      apis.push(child)
      const address = `http://127.0.0.1:${env['PORT'] ?? environment.PORT}`
      url = address
      // What answers there may be another's, where this one has found its port taken.
      const listens = () => child.lines.some((line) => line.includes('listening on'))
      return ready(child, 'the API', async () => listens() && (await fetch(`${address}/ready`)).ok)
    },
    startWorker(env: Record<string, string> = {}) {
      const child = startProcess([`${DIST}/workers/main.js`], { ...environment, ...env })
      workers.push(child)
      return ready(child, 'a worker', () => Promise.resolve(child.lines.some((line) => line.includes('taking steps'))))
    },
    async killAll() {
      await Promise.all([...apis, ...workers].map(kill))
    },
  }
}

function questions(database: TestDatabase, processes: Processes) {
  const call = async <Body>(path: string, init?: RequestInit): Promise<Body> => {
    const response = await fetch(`${processes.url()}${API}${path}`, init)
    const text = await response.text()
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`)
    return JSON.parse(text) as Body
  }
  const post = <Body>(path: string, body: unknown) =>
    call<Body>(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const read = (runId: string) => readRunRecord(database, runId)
  return {
    get: <Body>(path: string) => call<Body>(path),
    post,
    read,
    async start(definition: DefinitionInput, request: Record<string, unknown> = {}): Promise<string> {
      return (await post<{ id: string }>('/runs', { definition, ...request })).id
    },
    async ended(runId: string, patience: Patience = {}): Promise<RunRecord> {
      await eventually(
        async () => {
          const [run] = await database.query<{ status: RunStatus }>('SELECT status FROM runs WHERE id = $1', [runId])
          if (run !== undefined && isFinished(run.status)) return
          throw new Error(`it is ${run?.status ?? 'not there'}`)
        },
        { timeoutMs: 150_000, everyMs: 50, what: `the end of run ${runId}`, ...patience },
      )
      return read(runId)
    },
    begun(runId: string, stepId: string): Promise<unknown> {
      return eventually(
        async () => {
          const steps = await database.query<{ status: string }>(
            'SELECT status FROM steps WHERE run_id = $1 AND step_id = $2',
            [runId, stepId],
          )
          return steps.some(({ status }) => status !== 'pending')
        },
        { timeoutMs: 90_000, what: `step ${stepId} to begin` },
      )
    },
    executing(runId: string, stepId: string): Promise<TestProcess> {
      return eventually(
        async () => {
          const [owner] = await database.query<{ pid: number }>(
            `SELECT w.pid FROM steps s JOIN workers w ON w.id = s.worker_id
             WHERE s.run_id = $1 AND s.step_id = $2 AND s.status = 'running'`,
            [runId, stepId],
          )
          return processes.workers.find((worker) => worker.pid === owner?.pid) ?? false
        },
        { timeoutMs: 90_000, what: `step ${stepId} to run` },
      )
    },
  }
}
