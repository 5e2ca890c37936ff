import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../src/errors.ts'
import type { Client } from './client.ts'
import { endsByItself, planHerd, type HerdRun } from './herd.ts'
import { RERUN, type AcceptedRun, type AskedControl, type SentEvent } from './ledger.ts'
import { cancelTwice, operate, planControls, untilEnded, type PlannedControl } from './operators.ts'
import { letPeopleDecide, unlessDone, type People } from './people.ts'
import { randomOf, type Random } from './random.ts'
import { endsAlike, herdWorkloads, pickWorkload, workloads, type LoadEvent, type Workload } from './workloads.ts'

/** What {@link startLoad} needs to know. */
export interface LoadOptions {
  client: Client
  seed: number
  sequencing: 'step' | 'segment'
  /** Runs begun in a second. */
  rate: number
  /** Runs that are begun at once, and stand about. */
  herd: number
  durationMs: number
}

/**
 * Runs that are begun at a steady pace, whatever becomes of those before, and a herd of others; the people they ask, and
 * the operators who meddle with them.
 */
export interface Load {
  /** Begins no more; resolves when every request has its answer, and operators have done what they had in mind. */
  stopSubmitting(): Promise<void>
  /** Ends everything. */
  stop(): Promise<void>
  /** What was asked for, and what the answers said. */
  readonly runs: readonly AcceptedRun[]
  readonly controls: readonly AskedControl[]
  readonly events: readonly SentEvent[]
  /** Answers that a client of good faith must not get. */
  readonly refusals: readonly string[]
}

/** One request of so many is hung up on while it is being answered, and repeated. */
const HUNG_UP = 0.05
const HANG_UP_WITHIN_MS = 30
/** Of the requests for runs that may be repeated, and that nobody meddles with, so many ask for a batch of at most so many, */
const BATCHED = 0.06
const LARGEST_BATCH = 5
/** and so many runs are rerun when they have ended. */
const RERUN_SHARE = 0.06
/** The events of a run are sent within this after its begin, or at once. */
const EVENT_WITHIN_MS = 1_000
const ORDER = { amount: '49.90', currency: 'EUR' }

/** Stores the workflows, and begins the load. */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const { client, sequencing } = options
  for (const { definition } of [...workloads(sequencing), ...herdWorkloads(sequencing)]) {
    await client.ask({ method: 'POST', path: '/workflows', body: definition })
  }
  return new RunningLoad(options)
}

/** A run that is to be begun, and what is drawn for it beforehand: the same for the same seed, however fast things go. */
interface Plan {
  load: Workload
  run: AcceptedRun
  hangUpAfterMs: number | undefined
  eventAfterMs: number
  controls: PlannedControl[]
  /** The run that repeats it; absent: none does. */
  rerun?: AcceptedRun
}

type KeptRun = HerdRun & { plan: Plan }

class RunningLoad implements Load {
  private readonly started: AcceptedRun[] = []
  private readonly reruns: AcceptedRun[] = []
  readonly controls: AskedControl[] = []
  readonly events: SentEvent[] = []
  readonly refusals: string[] = []
  private readonly options: LoadOptions
  private readonly stopping = new AbortController()
  private readonly underWay = new Set<Promise<void>>()
  private readonly people: People
  private readonly random: Random
  private readonly operators: Random
  private readonly timer: NodeJS.Timeout

  constructor(options: LoadOptions) {
    const { client, seed, sequencing, rate } = options
    this.options = options
    this.random = randomOf(seed, 'load')
    this.operators = randomOf(seed, 'operators')
    // As many as there are runs that something is planned for.
    setMaxListeners(0, this.stopping.signal)
    this.people = letPeopleDecide(client, (what) => this.refusals.push(what), this.stopping.signal)
    const loads = workloads(sequencing)
    this.timer = setInterval(() => {
      const load = pickWorkload(loads, this.random)
      const controls = planControls(load, this.operators)
      this.track(this.begin(this.plan(load, controls, controls.length > 0)))
    }, 1_000 / rate)
    this.keepHerd(planHerd(herdWorkloads(sequencing), options))
  }

  get runs(): readonly AcceptedRun[] {
    return [...this.started, ...this.reruns]
  }

  async stopSubmitting(): Promise<void> {
    clearInterval(this.timer)
    while (this.underWay.size > 0) await Promise.all(this.underWay)
  }

  async stop(): Promise<void> {
    clearInterval(this.timer)
    this.stopping.abort()
    await this.people.gone
  }

  private track(work: Promise<void>): void {
    const done = work
      .catch((error: unknown) => {
        if (!this.stopping.signal.aborted) this.refusals.push(messageOf(error))
      })
      .finally(() => this.underWay.delete(done))
    this.underWay.add(done)
  }

  private plan(load: Workload, controls: PlannedControl[], isHeld: boolean): Plan {
    const { random, started } = this
    const key = `${this.options.seed}-${started.length}`
    const [dice, size] = [random.next(), Math.floor(random.between(2, LARGEST_BATCH + 1))]
    const mayBeMany = !isHeld && endsAlike(load)
    const isBatch = mayBeMany && dice < BATCHED
    const run = { key, size: isBatch ? size : 1, ids: [], ends: load.ends, order: load.order ?? null, isHeld }
    started.push(run)
    const hangUpAfterMs = random.next() < HUNG_UP ? random.between(1, HANG_UP_WITHIN_MS) : undefined
    const plan = { load, run, hangUpAfterMs, eventAfterMs: random.between(0, EVENT_WITHIN_MS), controls }
    if (!mayBeMany || isBatch || dice >= BATCHED + RERUN_SHARE) return plan
    const rerun = { ...run, key: `${key}${RERUN}`, ids: [] }
    this.reruns.push(rerun)
    return { ...plan, rerun }
  }

  /** Begins a run, and does what is planned for it. */
  private async begin(plan: Plan): Promise<void> {
    const { load, eventAfterMs, controls } = plan
    const id = await this.submit(plan)
    const sendEvents = async () => {
      for (const [place, event] of (load.events ?? []).entries()) {
        if (place === (load.events ?? []).length - 1) await this.pause(eventAfterMs)
        await this.send(id, event)
      }
    }
    await Promise.all([sendEvents(), this.operate(plan, controls, sendEvents)])
    if (plan.rerun !== undefined) await this.rerun(id, plan.rerun)
  }

  /** Repeats a run once it has ended. */
  private async rerun(of: string, { key, ids }: AcceptedRun): Promise<void> {
    const { client } = this.options
    await untilEnded({ client, signal: this.stopping.signal }, of)
    const { id } = await client.ask<{ id: string }>({ method: 'POST', path: `/runs/${of}/rerun`, idempotencyKey: key })
    ids.push(id)
  }

  /**
   * Begins the herd. None of it is let go before those have ended that end by themselves, as the reconciler finds that their time
   * is up.
   */
  private keepHerd(herd: readonly HerdRun[]): void {
    const kept = herd.map((one) => ({ ...one, plan: this.plan(one.load, [], true) }))
    const watched = kept.filter(({ load }) => endsByItself(load)).map((one) => this.watch(one))
    for (const ending of watched) this.track(ending)
    const over = Promise.allSettled(watched)
    for (const one of kept.filter(({ load }) => !endsByItself(load))) this.track(this.keep(one, over))
  }

  /** Begins a run of the herd, and waits until it has ended. */
  private async watch({ beginsAtMs, plan }: KeptRun): Promise<void> {
    await this.pause(beginsAtMs)
    await untilEnded({ client: this.options.client, signal: this.stopping.signal }, await this.submit(plan))
  }

  /** Begins a run of the herd, and lets it go when it is time, and others are `over`. */
  private async keep({ load, beginsAtMs, releasedAtMs, plan }: KeptRun, over: Promise<unknown>): Promise<void> {
    const begun = Date.now()
    await this.pause(beginsAtMs)
    const id = await this.submit(plan)
    await this.pause(Math.max(0, releasedAtMs - (Date.now() - begun)))
    await over
    if (load.decision === 'later') this.people.release(id)
    else if (load.ends === 'cancelled')
      await cancelTwice({
        client: this.options.client,
        run: plan.run,
        asked: this.controls,
        signal: this.stopping.signal,
      })
    else await this.send(id, { name: 'release', n: 1 })
  }

  private operate(
    { load, run }: Plan,
    controls: PlannedControl[],
    sendEvents = () => Promise.resolve(),
  ): Promise<void> {
    const { options, controls: asked, stopping } = this
    return operate({ client: options.client, load, run, asked, sendEvents, signal: stopping.signal }, controls)
  }

  private async submit({ load, run, hangUpAfterMs }: Plan): Promise<string> {
    const { client } = this.options
    const order =
      load.order === undefined
        ? {}
        : { order_id: (await client.ask<{ id: string }>({ method: 'POST', path: '/orders', body: ORDER })).id }
    // The tag tells how many runs the key has made, whatever was answered.
    const one = { tags: [run.key], input: { decision: load.decision ?? null }, ...order }
    const isBatch = run.size > 1
    const answer = await client.ask<{ id: string } | { items: { id: string }[] }>({
      method: 'POST',
      path: `/workflows/${load.definition.name}/runs${isBatch ? '/batch' : ''}`,
      idempotencyKey: run.key,
      body: isBatch ? { runs: Array.from({ length: run.size }, () => one) } : one,
      ...(hangUpAfterMs === undefined ? {} : { hangUpAfterMs }),
    })
    run.ids.push(...('items' in answer ? answer.items : [answer]).map(({ id }) => id))
    return run.ids[0]!
  }

  private async send(runId: string, { name, n }: LoadEvent): Promise<void> {
    const { client } = this.options
    const sent = await unlessDone<{ id: string }>(client, `/runs/${runId}/events`, { name, data: { for: runId, n } })
    if (sent !== undefined) this.events.push({ id: sent.id, runId })
  }

  private async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.stopping.signal })
  }
}
