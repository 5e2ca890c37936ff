import { createWriteStream, type WriteStream } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../src/dev/free-port.ts'
import { startNodeProcess } from '../src/dev/node-process.ts'
import { supervise, type Running, type Supervised } from '../src/dev/supervisor.ts'
import { createLogger } from '../src/log.ts'
import { PACKAGE_ROOT } from '../src/package-root.ts'
import type { QueueBackend } from '../src/queue/connection.ts'
import { startPrivatePostgres, startPrivateRedis, type PrivateServer } from '../test/support/servers.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

/** What {@link startFleet} starts. */
export interface FleetOptions {
  backend: QueueBackend
  apis: number
  workers: number
  /** Of the workers; the product's default is 5,000. */
  lockMs: number
  /** Takes all that the processes print; absent: it is forgotten. */
  logFile?: string | undefined
  signal: AbortSignal
}

/** A process of the service that is kept running, with a way to each store that can be cut. */
export interface Member {
  /** Like `worker 2`. */
  readonly name: string
  /** The process that runs now; undefined between an end and the next start. */
  pid(): number | undefined
  readonly postgres: TcpProxy
  /** Absent where the queue is on Postgres. */
  readonly redis: TcpProxy | undefined
}

/** The service as users run it, every process and store of it real. */
export interface Fleet {
  readonly apis: readonly Member[]
  readonly workers: readonly Member[]
  readonly postgres: PrivateServer
  readonly redis: PrivateServer | undefined
  /** Where the APIs answer. */
  readonly origins: readonly string[]
  readonly prefix: string
  /** What the processes said that tells of something: how often, by kind. */
  readonly told: Readonly<Record<Telling, number>>
  /** What the processes said of errors that ended them. */
  readonly uncaught: readonly string[]
  /** Stops the processes in order; what did not stop, or is still there afterwards. */
  stopProcesses(): Promise<string[]>
  /** Stops and removes everything; what is still there. */
  stop(): Promise<string[]>
}

/** Lines of the log that count. */
const TELLING = {
  /** A worker came back, or went on, after its step had been taken over. */
  fenced: 'another attempt owns the step',
  /** The queue's data were gone, and that was noticed. */
  queueLost: 'the queue has lost its data',
  /** The sweep found what no signal had told of. */
  sweptUp: /nothing explains why the run does not go on|the queue did not know what is due/,
  /** A stopping process gave up on something that did not close in time. */
  late: 'did not stop in time',
} as const
export type Telling = keyof typeof TELLING
/** What a process says before an error ends it. */
const UNCAUGHT = 'an error was not caught'

const READY_WITHIN_MS = 90_000
const POLL_MS = 50
/** Whatever ends is started again after so long: in an experiment that kills much, a pause that grows would only idle. */
const RESTART_AFTER_MS = 300
const STOP_WITHIN_MS = 25_000

/** Starts all of it; resolves once the APIs answer and the workers take steps. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const parts = new Parts(options)
  try {
    return await parts.start()
  } catch (error) {
    await parts.stop()
    throw error
  }
}

class Parts {
  private readonly options: FleetOptions
  private readonly log: WriteStream | undefined
  private readonly members: (Member & { supervised: Supervised<Running>; ready: () => boolean })[] = []
  private readonly servers: PrivateServer[] = []
  private readonly proxies: TcpProxy[] = []
  private readonly pids = new Set<number>()
  private readonly lastLines = new Map<string, string>()
  private readonly uncaught: string[] = []
  private readonly told: Record<Telling, number> = { fenced: 0, queueLost: 0, sweptUp: 0, late: 0 }

  constructor(options: FleetOptions) {
    this.options = options
    this.log = options.logFile === undefined ? undefined : createWriteStream(options.logFile)
  }

  async start(): Promise<Fleet> {
    const { backend, apis, workers, signal } = this.options
    const postgres = await this.keep(startPrivatePostgres())
    const redis = backend === 'redis' ? await this.keep(startPrivateRedis()) : undefined
    const ports = await Promise.all(Array.from({ length: apis }, () => freePort()))
    const origins = ports.map((port) => `http://127.0.0.1:${port}`)
    const stores = { postgres, redis }
    const apiMembers = await Promise.all(
      ports.map((port, index) => this.member(`api ${index + 1}`, 'src/main.js', stores, { PORT: String(port) })),
    )
    // The first one brings the tables, for which the workers wait.
    await this.until(async () => {
      const answers = await Promise.all(origins.map((origin) => fetch(`${origin}/ready`)))
      return answers.every(({ ok }) => ok)
    }, 'the APIs to be ready')
    const workerMembers = await Promise.all(
      Array.from({ length: workers }, (_, index) => this.member(`worker ${index + 1}`, 'workers/main.js', stores)),
    )
    await this.until(
      () => this.members.every((member) => member.name.startsWith('api') || member.ready()),
      'the workers to take steps',
    )
    signal.throwIfAborted()
    return {
      apis: apiMembers,
      workers: workerMembers,
      postgres,
      redis,
      origins,
      prefix: PREFIX,
      told: this.told,
      uncaught: this.uncaught,
      stopProcesses: () => this.stopProcesses(),
      stop: () => this.stop(),
    }
  }

  private async keep(server: Promise<PrivateServer>): Promise<PrivateServer> {
    const started = await server
    this.servers.push(started)
    return started
  }

  private async proxy(server: PrivateServer): Promise<{ proxy: TcpProxy; url: string }> {
    const url = new URL(server.url)
    const proxy = await startTcpProxy(Number(url.port))
    this.proxies.push(proxy)
    url.port = String(proxy.port)
    return { proxy, url: url.href }
  }

  private async member(
    name: string,
    program: string,
    stores: { postgres: PrivateServer; redis: PrivateServer | undefined },
    more: Record<string, string> = {},
  ): Promise<Member> {
    const { backend, lockMs, signal } = this.options
    const postgres = await this.proxy(stores.postgres)
    const redis = stores.redis === undefined ? undefined : await this.proxy(stores.redis)
    const environment = {
      DATABASE_URL: postgres.url,
      REDIS_URL: redis?.url ?? '',
      QUEUE_BACKEND: backend,
      QUEUE_PREFIX: PREFIX,
      DATABASE_POOL: '5',
      LOCK_DURATION_MS: String(lockMs),
      HEARTBEAT_MS: String(Math.floor(lockMs * 0.4)),
      SLUICE_ACTIONS: join(PACKAGE_ROOT, 'chaos/actions'),
      ...more,
    }
    let isReady = false
    const onLine = (line: string) => {
      if (line.includes('"taking steps"')) isReady = true
      this.hear(name, line)
    }
    const supervised = supervise(
      name,
      () => {
        const command = [join(PACKAGE_ROOT, 'dist', program)]
        const running = startNodeProcess({ command, environment, onLine, stopWithinMs: STOP_WITHIN_MS })
        this.pids.add(running.pid)
        return Promise.resolve(running)
      },
      createLogger('chaos', 'silent'),
      (_, stopping) => sleep(RESTART_AFTER_MS, undefined, { signal: AbortSignal.any([stopping, signal]) }),
    )
    const member = {
      name,
      pid: () => supervised.current()?.pid,
      postgres: postgres.proxy,
      redis: redis?.proxy,
      supervised,
      ready: () => isReady,
    }
    this.members.push(member)
    return member
  }

  private hear(name: string, line: string): void {
    this.lastLines.set(name, line)
    this.log?.write(`${name} ${line}\n`)
    for (const [kind, pattern] of Object.entries(TELLING) as [Telling, string | RegExp][]) {
      if (typeof pattern === 'string' ? line.includes(pattern) : pattern.test(line)) this.told[kind] += 1
    }
    if (line.includes(UNCAUGHT)) this.uncaught.push(`${name}: ${line}`)
  }

  private async until(check: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const deadline = Date.now() + READY_WITHIN_MS
    while (!(await Promise.resolve(check()).catch(() => false))) {
      if (Date.now() > deadline) throw new Error(`waited for ${what} for ${READY_WITHIN_MS / 1_000} s`)
      await sleep(POLL_MS, undefined, { signal: this.options.signal })
    }
  }

  /** Workers first, so that what they have under way still finds everything there. */
  private async stopProcesses(): Promise<string[]> {
    const faults: string[] = []
    for (const kind of ['worker', 'api']) {
      const some = this.members.filter(({ name }) => name.startsWith(kind))
      await Promise.all(
        some.map(async ({ name, supervised }) => {
          const running = supervised.current()
          if (running !== undefined) process.kill(running.pid, 'SIGCONT')
          await supervised.stop()
          const end = await running?.exited
          // Exit code 1: something did not close in time, which the process has said, and ended all the same.
          if (end !== undefined && end !== 'exit code 0' && end !== 'exit code 1') {
            faults.push(`${name} did not stop in order: ${end}; its last line: ${this.lastLines.get(name)}`)
          }
        }),
      )
    }
    this.members.length = 0
    return [...faults, ...this.left()]
  }

  async stop(): Promise<string[]> {
    const faults = await this.stopProcesses()
    await Promise.all(this.proxies.splice(0).map((proxy) => proxy.close()))
    const pids = this.servers.map(({ pid }) => pid)
    await Promise.all(this.servers.splice(0).map((server) => server.dispose()))
    for (const pid of pids) this.pids.add(pid)
    this.log?.end()
    return [...faults, ...this.left()]
  }

  private left(): string[] {
    return [...this.pids].filter(isRunning).map((pid) => `process ${pid} is still there`)
  }
}

const PREFIX = 'chaos'

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
