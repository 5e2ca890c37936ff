import type { Logger } from '../log.ts'
import type { Signals, Subscription } from '../queue/signals.ts'
import { withTimeout } from '../timeout.ts'

/**
 * Telling whoever watches that runs have changed. A hint, sent after the commit: what it is about is read from Postgres.
 *
 * Sending costs a process one message an interval, however much changes: changes gather while one is under way. What the
 * store has not taken is sent again. While nobody listens, the interval is longer; as nothing is left out meanwhile, who
 * begins to listen, and then reads, misses nothing.
 */

/** What has changed of a run: the steps of these indexes, or any of its steps (null); always perhaps the run itself. */
export interface RunChange {
  readonly run: string
  readonly steps: readonly number[] | null
  /** Whether lines were logged. */
  readonly hasLogs: boolean
}

/** What a listener is told; null: anything may have changed, since signals may have got lost. */
export type ChangeListener = (changes: readonly RunChange[] | null) => void

const TOPIC = 'changes'
/** Between two messages of a process. 4,500 steps a second in runs of 10 make messages of some 3 kB. */
const INTERVAL_MS = 20
/** The same while nobody listens: how late the very first change may be that a listener learns of. */
const UNHEARD_INTERVAL_MS = 80
/** After a message that the store did not take. */
const FAILED_INTERVAL_MS = 500
/** How long a process that stops waits for the store to take its last message. */
const DRAIN_TIMEOUT_MS = 1_000
/** With more steps than these in one message, all steps of the run are read. */
const MAX_STEPS = 2_000
/** Runs of one message, well below the relay's 512 KiB. */
const MAX_RUNS = 2_000
/** Steps of one message, all runs together. */
const MAX_STEPS_OF_MESSAGE = 20_000
/** Runs that may wait to be sent; beyond, everything counts as changed. */
const MAX_PENDING = 50_000

interface Pending {
  steps: Set<number> | null
  hasLogs: boolean
}

/** One run in a message: id, steps, whether lines were logged. */
type Entry = [run: string, steps: number[] | null, hasLogs: 0 | 1]

/** Sends and receives changes. Nothing here throws, and nobody needs to wait for it. */
export class Changes {
  private readonly signals: Signals
  private readonly log: Logger
  private pending = new Map<string, Pending>()
  private everything = false
  private timer: NodeJS.Timeout | null = null
  private sending: Promise<void> | null = null
  private intervalMs = 0
  private lastSentMs = 0

  constructor(signals: Signals, log: Logger) {
    this.signals = signals
    this.log = log
  }

  /** A step of a run has changed, and with it perhaps the run. */
  step(run: string, step: number): void {
    this.of(run).steps?.add(step)
    this.arm()
  }

  /** Runs have changed, but no steps of theirs. */
  runs(ids: Iterable<string>): void {
    for (const id of ids) this.of(id)
    this.arm()
  }

  /** Runs have changed, and any of their steps. */
  whole(ids: Iterable<string>): void {
    for (const id of ids) this.of(id).steps = null
    this.arm()
  }

  /** Lines were logged by steps of runs. */
  logs(ids: Iterable<string>): void {
    for (const id of ids) this.of(id).hasLogs = true
    this.arm()
  }

  /** Who knows what has changed: a process has died, perhaps before it had told. */
  all(): void {
    this.everything = true
    this.arm()
  }

  /** Calls `listener` with the changes that any process sends from now on. */
  subscribe(listener: ChangeListener): Subscription {
    return this.signals.subscribe(
      TOPIC,
      (data) => {
        const changes = readMessage(data)
        if (changes !== undefined) listener(changes)
      },
      () => listener(null),
    )
  }

  /** Resolves when what has changed so far has been sent, or cannot be. */
  async drained(): Promise<void> {
    await withTimeout(this.sendAll(), DRAIN_TIMEOUT_MS).catch(() => undefined)
  }

  private async sendAll(): Promise<void> {
    await this.sending
    while (this.isPending && this.intervalMs !== FAILED_INTERVAL_MS) {
      if (this.timer !== null) clearTimeout(this.timer)
      this.timer = null
      this.send()
      await this.sending
    }
  }

  private get isPending(): boolean {
    return this.pending.size > 0 || this.everything
  }

  private of(run: string): Pending {
    let pending = this.pending.get(run)
    if (pending === undefined) {
      pending = { steps: new Set(), hasLogs: false }
      this.pending.set(run, pending)
    }
    return pending
  }

  /** Sends soon: all that changes in this turn of the event loop travels together. */
  private arm(): void {
    if (this.timer !== null || this.sending !== null || !this.isPending) return
    const dueMs = this.lastSentMs + this.intervalMs - performance.now()
    this.timer = setTimeout(
      () => {
        this.timer = null
        this.send()
      },
      Math.max(0, dueMs),
    )
    this.timer.unref()
  }

  private send(): void {
    this.lastSentMs = performance.now()
    this.sending = this.sendNext()
      .catch((error: unknown) => this.log.warn({ err: error }, 'changes of runs could not be sent'))
      .finally(() => {
        this.sending = null
        this.arm()
      })
  }

  private async sendNext(): Promise<void> {
    if (this.pending.size > MAX_PENDING) this.everything = true
    const everything = this.everything
    const taken = this.pending
    this.everything = false
    this.pending = new Map()
    const left = everything ? new Map<string, Pending>() : taken
    const message = everything ? null : takeEntries(left)
    const nodes = await this.signals.send(TOPIC, message)
    if (nodes === null) {
      this.intervalMs = FAILED_INTERVAL_MS
      this.everything ||= everything
      for (const [run, steps, hasLogs] of message ?? [])
        this.merge(run, { steps: steps && new Set(steps), hasLogs: hasLogs === 1 })
    } else {
      this.intervalMs = nodes > 0 ? INTERVAL_MS : UNHEARD_INTERVAL_MS
    }
    for (const [run, pending] of left) this.merge(run, pending)
  }

  private merge(run: string, { steps, hasLogs }: Pending): void {
    const pending = this.of(run)
    pending.hasLogs ||= hasLogs
    if (steps === null) pending.steps = null
    else if (pending.steps !== null) for (const step of steps) pending.steps.add(step)
  }
}

/** Takes as many runs as one message may hold. */
function takeEntries(pending: Map<string, Pending>): Entry[] {
  const entries: Entry[] = []
  let steps = 0
  for (const [run, change] of pending) {
    const indexes = change.steps === null || change.steps.size > MAX_STEPS ? null : [...change.steps]
    entries.push([run, indexes, change.hasLogs ? 1 : 0])
    pending.delete(run)
    steps += indexes?.length ?? 0
    if (entries.length >= MAX_RUNS || steps >= MAX_STEPS_OF_MESSAGE) break
  }
  return entries
}

/** Undefined for a message that cannot be read: another version of the service may have sent it. */
function readMessage(data: unknown): RunChange[] | null | undefined {
  if (data === null) return null
  if (!Array.isArray(data)) return undefined
  return (data as unknown[]).filter(isEntry).map(([run, steps, hasLogs]) => ({ run, steps, hasLogs: hasLogs === 1 }))
}

function isEntry(entry: unknown): entry is Entry {
  if (!Array.isArray(entry)) return false
  const [run, steps] = entry as unknown[]
  return typeof run === 'string' && (steps === null || Array.isArray(steps))
}
