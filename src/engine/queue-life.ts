import { v7 as uuidv7 } from 'uuid'
import { readQueueState, touchQueueState, writeQueueState, type QueueLife, type QueueState } from '../db/queue-state.ts'
import { messageOf, SluiceError } from '../errors.ts'
import { withTimeout } from '../timeout.ts'
import type { Engine } from './engine.ts'

/**
 * A queue's data lives until it is lost: flushed, restarted empty, swapped for another store. Each life has a token,
 * kept in the queue itself and in Postgres. Runs note the token that they were dispatched under, so when the two differ,
 * Postgres knows which runs the queue has forgotten, and goes on knowing while they are dispatched anew.
 *
 * The token in Postgres also says which queue is in use. While a fleet moves from one store to another, some processes
 * are on a queue whose token differs from it; what they start goes without a token, so that the leader dispatches it.
 */

/** What a look at the queue's life showed. */
export type LifeCheck =
  | { kind: 'same' }
  /** The queue's first life. */
  | { kind: 'first' }
  /** The queue lost its data, or is another one than before; unfinished runs carry other tokens now. */
  | { kind: 'lost' }
  /** Redis was restarted with its data, of which the last second may be missing. */
  | { kind: 'restarted' }
  /** The work has left this queue, or is just being taken elsewhere: nothing may be done. */
  | { kind: 'left' }

/**
 * Where the work is, as a process sees it:
 *
 *     here       on this process's queue, or it was there, and that queue has lost its data
 *     elsewhere  on another queue, and this process has not seen it here: the fleet is about to move to this queue, and
 *                the work comes along once this process leads
 *     left       on another queue, and it was here before: this process stands back, so that it does not fetch it again
 */
export type WorkPlace = 'here' | 'elsewhere' | 'left'

/** How long the queue in use must have had no leader before a process that it has left behind may take the work back. */
const LEADERLESS_MS = 30_000
/** How often a process that was left behind says so. */
const REMIND_MS = 60_000
/** Longest that a look waits for the queue. */
const QUEUE_TIMEOUT_MS = 5_000

/** What the queue itself says. */
interface OwnLife {
  token: string | null
  serverRunId: string | null
}

/** Sets the token under which this process dispatches: Postgres's, where its queue is the one that is in use; else null. */
export async function followQueueLife(engine: Engine): Promise<void> {
  const [state, token] = await Promise.all([stateOf(engine), engine.queue.token()])
  engine.queueLife.token = state !== null && state.token === token ? token : null
}

/**
 * Looks whether the queue of this process is the one in use, and returns the token of its life. Throws `conflict` where it
 * is not, `unavailable` where the queue does not answer.
 */
export async function requireInUse(engine: Engine): Promise<string> {
  await withTimeout(engine.queue.connection.ping(), QUEUE_TIMEOUT_MS).catch((error: unknown) => {
    throw new SluiceError('unavailable', `The queue does not answer: ${messageOf(error)}.`, { cause: error })
  })
  await followQueueLife(engine)
  const { token } = engine.queueLife
  if (token !== null) return token
  throw new SluiceError(
    'conflict',
    'The work is not on the queue of this process: the fleet is moving to another, or the queue has just been emptied. ' +
      'Ask an API process with the REDIS_URL and QUEUE_BACKEND of the one that leads, or ask again in a few seconds.',
  )
}

/** Watches where the work is, for one process; logs when that changes, and now and then while it was left behind. */
export class QueueWatch {
  private readonly engine: Engine
  /** Where the work was at the last look. */
  place: WorkPlace = 'here'
  /** The token under which the work was last seen here. */
  private seen: string | null = null
  /** Since when no leader has shown itself at the queue in use; only looks that Postgres answered count. */
  private silence: { seenAt: string; sinceMs: number } | null = null
  private remindedMs = Number.NEGATIVE_INFINITY

  constructor(engine: Engine) {
    this.engine = engine
  }

  /** Looks anew, and sets the token as {@link followQueueLife} does. Throws where Postgres does not answer. */
  async look(): Promise<WorkPlace> {
    const { silence } = this
    this.silence = null
    const state = await stateOf(this.engine)
    const own = await withTimeout(askOwnLife(this.engine), QUEUE_TIMEOUT_MS).catch(() => null)
    this.note(state, own)
    if (state !== null && this.place !== 'here') this.silence = silenceOf(state, silence)
    return this.place
  }

  /** Whether this process may lead: unless the work has left it, and somebody leads where it is. */
  mayLead(): boolean {
    if (this.place !== 'left') return true
    return this.silence !== null && performance.now() - this.silence.sinceMs > LEADERLESS_MS
  }

  /**
   * Compares the queue's life with Postgres's, and begins a new one where they differ. Only the leader calls this; one that
   * has lost its lock without knowing begins none where another has begun one since.
   */
  async check(): Promise<LifeCheck> {
    const { engine } = this
    const { connection } = engine.queue
    const [state, own] = await Promise.all([stateOf(engine), ownLife(engine)])
    this.note(state, own)
    if (!this.mayLead()) return { kind: 'left' }
    const { backend } = connection
    const from = state?.token ?? null
    const write = (token: string) =>
      writeQueueState(engine.db, connection.prefix, { token, backend, serverRunId: own.serverRunId }, from)
    if (state === null || own.token !== state.token) {
      const fresh = uuidv7()
      // Postgres first: a crash in between is seen as another loss, never as none.
      if (!(await write(fresh))) return { kind: 'left' }
      await engine.queue.setToken(fresh)
      this.note({ token: fresh, backend, serverRunId: own.serverRunId }, { ...own, token: fresh })
      return { kind: state === null ? 'first' : 'lost' }
    }
    if (state.serverRunId !== own.serverRunId) return { kind: (await write(state.token)) ? 'restarted' : 'left' }
    await touchQueueState(engine.db, connection.prefix)
    return { kind: 'same' }
  }

  private note(state: QueueLife | null, own: OwnLife | null): void {
    const { queueLife } = this.engine
    // With the queue away, what was known of it stays true as long as Postgres names the same life.
    const token = own === null ? queueLife.token : own.token
    queueLife.token = state !== null && token === state.token ? token : null
    if (queueLife.token !== null) this.seen = queueLife.token
    const place = own === null || state === null ? this.place : this.placeOf(state, own)
    this.tell(place)
    this.place = place
  }

  private placeOf(state: QueueLife, own: OwnLife): WorkPlace {
    if (own.token === state.token || this.seen === state.token) return 'here'
    const isSameStore = state.backend === this.engine.queue.connection.backend && state.serverRunId === own.serverRunId
    if (isSameStore) return 'here'
    return this.seen === null ? 'elsewhere' : 'left'
  }

  private tell(place: WorkPlace): void {
    const { log } = this.engine
    const isReminder = place === 'left' && performance.now() - this.remindedMs > REMIND_MS
    if (place === this.place && !isReminder) return
    this.remindedMs = performance.now()
    if (place === 'left') {
      log.warn('the work has moved to another queue: stop this process, or start it with the settings of the others')
    } else if (place === 'elsewhere') {
      log.warn(
        'the work is on another queue than that of this process: it comes here once a process of this queue leads',
      )
    } else log.info('the work is on the queue of this process')
  }
}

/**
 * Has a process that does not lead look where the work is, every `intervalMs`: it dispatches under the right token, and
 * says so where it was left behind. Resolves after the first look, with what stops it.
 */
export async function watchQueue(engine: Engine, intervalMs: number): Promise<() => void> {
  const watch = new QueueWatch(engine)
  let looking = false
  const look = async () => {
    if (looking) return
    looking = true
    try {
      await watch.look()
    } catch (error) {
      engine.log.debug({ err: error }, 'could not look where the work is')
    } finally {
      looking = false
    }
  }
  await look()
  const timer = setInterval(() => void look(), intervalMs)
  return () => clearInterval(timer)
}

function silenceOf({ seenAt }: QueueState, before: QueueWatch['silence']): { seenAt: string; sinceMs: number } {
  return before?.seenAt === seenAt ? before : { seenAt, sinceMs: performance.now() }
}

const stateOf = (engine: Engine) => readQueueState(engine.db, engine.queue.connection.prefix)

async function ownLife(engine: Engine): Promise<OwnLife> {
  const [token, serverRunId] = await Promise.all([engine.queue.token(), engine.queue.connection.serverRunId()])
  return { token, serverRunId }
}

/** As {@link ownLife}, failing at once where the queue is known to be away. */
async function askOwnLife(engine: Engine): Promise<OwnLife> {
  await engine.queue.connection.ping()
  return ownLife(engine)
}
