import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { wipePostgres } from '../src/queue/wipe.ts'
import { withRedis, type PrivateServer } from '../test/support/servers.ts'
import type { Fleet, Member } from './fleet.ts'
import type { Ask } from './ledger.ts'
import type { FaultKind, PlannedFault } from './schedule.ts'

/** What faults are done to, and by. */
export interface Scene {
  fleet: Fleet
  ask: Ask
  signal: AbortSignal
}

/** A fault that has happened. */
export interface InjectedFault {
  kind: FaultKind
  /** What was hit, like `worker 2`. */
  target: string
  /** Milliseconds since 1970, by the clock that Postgres goes by too. */
  beganAt: number
  /** When all was as before; recovery begins no later. */
  endedAt: number
  /** Attempts that a worker had in hand when it was paused or cut off. */
  inHand: AttemptInHand[]
}

/** An attempt of a step. */
export interface AttemptInHand {
  run_id: string
  step_index: number
  attempt: number
}

/** What a fault does: tells `hit` when it strikes and what, and resolves once it is over. */
type Inject = (scene: Scene, fault: PlannedFault, hit: Hit) => Promise<void>
type Hit = (target: string, inHand?: AttemptInHand[]) => void

const INJECT: Record<FaultKind, Inject> = {
  calm: async (_, __, hit) => hit('nothing'),

  async kill_worker(scene, fault, hit) {
    const { name, pid } = await oneOf(scene, scene.fleet.workers, fault)
    hit(name)
    signalTo(pid, 'SIGKILL')
  },

  async kill_api(scene, fault, hit) {
    const { name, pid } = await oneOf(scene, scene.fleet.apis, fault)
    hit(name)
    signalTo(pid, 'SIGKILL')
  },

  async kill_leader(scene, fault, hit) {
    const leader = await findLeader(scene)
    const { name, pid } = await oneOf(scene, leader === undefined ? scene.fleet.apis : [leader], fault)
    hit(leader === undefined ? `${name}, for nobody led` : name)
    signalTo(pid, 'SIGKILL')
  },

  async pause_worker(scene, fault, hit) {
    const { name, pid } = await oneOf(scene, await busyWorkers(scene), fault)
    await pause(scene, { name, pid, forMs: fault.forMs }, hit)
  },

  async pause_api(scene, fault, hit) {
    const { name, pid } = await oneOf(scene, scene.fleet.apis, fault)
    await pause(scene, { name, pid, forMs: fault.forMs }, hit)
  },

  async isolate_worker(scene, fault, hit) {
    const { name, pid, member } = await oneOf(scene, await busyWorkers(scene), fault)
    hit(name)
    await cutFor(scene, [member.postgres, ...(member.redis ? [member.redis] : [])], fault.forMs, async () => {
      hit(name, await inHandOf(scene, pid))
    })
  },

  restart_postgres: (scene, fault, hit) =>
    alone('Postgres', () => {
      hit('Postgres')
      return restart(scene, scene.fleet.postgres, { by: 'SIGQUIT', awayMs: fault.forMs })
    }),

  cut_postgres: async (scene, fault, hit) => {
    hit('every connection to Postgres')
    await cutFor(
      scene,
      everyone(scene).map((member) => member.postgres),
      fault.forMs,
    )
  },

  restart_redis: (scene, fault, hit) =>
    alone('Redis', () => {
      hit('Redis')
      return restart(scene, redisOf(scene), { by: 'SIGKILL', awayMs: fault.forMs })
    }),

  empty_redis: (scene, fault, hit) =>
    alone('Redis', () => {
      hit('Redis')
      return restart(scene, redisOf(scene), { by: 'SIGKILL', awayMs: fault.forMs, empty: true })
    }),

  flush_redis: (scene, _, hit) =>
    alone('Redis', async () => {
      hit('Redis')
      await withRedis(redisOf(scene).url, (redis) => redis.flushall())
    }),

  fill_redis: (scene, fault, hit) =>
    alone('Redis', () =>
      withRedis(redisOf(scene).url, async (redis) => {
        hit('Redis')
        try {
          await redis.config('SET', 'maxmemory', '1mb')
          await sleep(fault.forMs, undefined, { signal: scene.signal })
        } finally {
          await redis.config('SET', 'maxmemory', '0')
        }
      }),
    ),

  wipe_queue: ({ fleet }, _, hit) =>
    alone('Postgres', async () => {
      const pool = new pg.Pool({ connectionString: fleet.postgres.url, max: 1 })
      pool.on('error', () => undefined)
      try {
        hit('the tables of BullMQ')
        await wipePostgres(pool, `${fleet.prefix}_queue`)
      } finally {
        await pool.end()
      }
    }),

  cut_redis: async (scene, fault, hit) => {
    hit('every connection to Redis')
    await cutFor(
      scene,
      everyone(scene).flatMap(({ redis }) => redis ?? []),
      fault.forMs,
    )
  },
}

/** Makes a fault happen; resolves once it is over, and what it stopped runs again. */
export async function injectFault(scene: Scene, fault: PlannedFault): Promise<InjectedFault> {
  const done: InjectedFault = { kind: fault.kind, target: '', beganAt: Date.now(), endedAt: 0, inHand: [] }
  await INJECT[fault.kind](scene, fault, (target, inHand = []) => {
    if (done.target === '') done.beganAt = Date.now()
    Object.assign(done, { target, inHand })
  })
  return { ...done, endedAt: Date.now() }
}

/** Two faults of one server come one after the other. */
const lastOf = new Map<string, Promise<void>>()

function alone(what: string, work: () => Promise<void>): Promise<void> {
  const next = (lastOf.get(what) ?? Promise.resolve()).catch(() => undefined).then(work)
  lastOf.set(what, next)
  return next
}

const LOOK_EVERY_MS = 50
/** Whoever is not back by then is looked for no longer. */
const LOOK_FOR_MS = 10_000
/** A slow action begins every second or so. */
const BUSY_WITHIN_MS = 3_000

/** One of the members that run now; waits until there is one. */
async function oneOf({ signal }: Scene, members: readonly Member[], { target }: PlannedFault) {
  for (let waitedMs = 0; waitedMs < LOOK_FOR_MS; waitedMs += LOOK_EVERY_MS) {
    const running = members.flatMap((member) => {
      const pid = member.pid()
      return pid === undefined ? [] : [{ name: member.name, pid, member }]
    })
    const one = running[Math.floor(target * running.length)]
    if (one !== undefined) return one
    await sleep(LOOK_EVERY_MS, undefined, { signal })
  }
  throw new Error(`none of ${members.map(({ name }) => name).join(', ')} runs`)
}

/**
 * Those workers that have begun a slow action this very moment: what is paused or cut off now has it in hand. Waits for
 * one, but not for long; then all of them, which are idle, or Postgres cannot tell.
 */
async function busyWorkers(scene: Scene): Promise<readonly Member[]> {
  for (let waitedMs = 0; waitedMs < BUSY_WITHIN_MS; waitedMs += LOOK_EVERY_MS) {
    const rows = await soon<{ pid: number }>(
      scene,
      `SELECT w.pid FROM chaos.calls c JOIN steps s ON s.run_id = c.run_id AND s.step_id = c.step_id AND s.attempt = c.attempt
       JOIN workers w ON w.id = s.worker_id
       WHERE c.step_id = 'slow' AND c.at > clock_timestamp() - interval '0.5 seconds' AND s.status = 'running'`,
    )
    const busy = new Set(rows.map(({ pid }) => pid))
    const members = scene.fleet.workers.filter((member) => busy.has(member.pid() ?? 0))
    if (members.length > 0) return members
    await sleep(LOOK_EVERY_MS, undefined, { signal: scene.signal })
  }
  return scene.fleet.workers
}

function inHandOf(scene: Scene, pid: number): Promise<AttemptInHand[]> {
  return soon<AttemptInHand>(
    scene,
    `SELECT s.run_id, s.step_index, s.attempt FROM steps s JOIN workers w ON w.id = s.worker_id
     WHERE s.status = 'running' AND w.pid = $1`,
    [pid],
  )
}

/** The API process whose reconciler is active: the one that holds the lock. */
async function findLeader(scene: Scene): Promise<Member | undefined> {
  const rows = await soon<{ client_port: number }>(
    scene,
    `SELECT a.client_port FROM pg_stat_activity a JOIN pg_locks l USING (pid)
     WHERE l.locktype = 'advisory' AND l.granted AND a.application_name LIKE 'sluice leader%'`,
  )
  return scene.fleet.apis.find((api) => rows.some((row) => api.postgres.holds(row.client_port)))
}

const ANSWER_WITHIN_MS = 1_000

/** The rows, or none where Postgres is away just now: no fault waits for the end of another. */
async function soon<Row extends object>({ ask, signal }: Scene, text: string, values: unknown[] = []): Promise<Row[]> {
  const late = new AbortController()
  const none = sleep<Row[]>(ANSWER_WITHIN_MS, [], { signal: AbortSignal.any([late.signal, signal]) })
  const asked = ask<Row>(text, values)
  asked.catch(() => undefined)
  none.catch(() => undefined)
  try {
    return await Promise.race([asked, none])
  } finally {
    late.abort()
  }
}

async function pause(scene: Scene, one: { name: string; pid: number; forMs: number }, hit: Hit): Promise<void> {
  hit(one.name)
  signalTo(one.pid, 'SIGSTOP')
  try {
    // Read while it cannot change.
    hit(one.name, await inHandOf(scene, one.pid))
    await sleep(one.forMs, undefined, { signal: scene.signal })
  } finally {
    signalTo(one.pid, 'SIGCONT')
  }
}

async function cutFor(
  { signal }: Scene,
  proxies: readonly { cut(): void; mend(): void }[],
  forMs: number,
  meanwhile?: () => Promise<void>,
): Promise<void> {
  for (const proxy of proxies) proxy.cut()
  try {
    await Promise.all([sleep(forMs, undefined, { signal }), meanwhile?.()])
  } finally {
    for (const proxy of proxies) proxy.mend()
  }
}

async function restart(
  { signal }: Scene,
  server: PrivateServer,
  how: { by: NodeJS.Signals; awayMs: number; empty?: boolean },
): Promise<void> {
  await server.end(how.by)
  await sleep(how.awayMs, undefined, { signal })
  await server.start({ empty: how.empty === true })
}

function everyone({ fleet }: Scene): Member[] {
  return [...fleet.apis, ...fleet.workers]
}

function redisOf({ fleet }: Scene): PrivateServer {
  if (fleet.redis === undefined) throw new Error('there is no Redis in this experiment')
  return fleet.redis
}

/** Whoever has ended by itself meanwhile hears nothing. */
function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
