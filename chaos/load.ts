import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../src/errors.ts'
import { Refused, type Client } from './client.ts'
import type { AcceptedRun } from './ledger.ts'
import { randomOf, type Random } from './random.ts'
import { pickWorkload, workloads, type Workload } from './workloads.ts'

/** What {@link startLoad} needs to know. */
export interface LoadOptions {
  client: Client
  seed: number
  sequencing: 'step' | 'segment'
  /** Runs begun in a second. */
  rate: number
}

/** Runs that are begun at a steady pace, whatever becomes of those before, and the people they ask. */
export interface Load {
  /** Begins no more; resolves when every request has its answer. People go on deciding. */
  stopSubmitting(): Promise<void>
  /** Ends everything. */
  stop(): Promise<void>
  /** What was asked for, and what the answers said. */
  readonly runs: readonly AcceptedRun[]
  /** Answers that a client of good faith must not get. */
  readonly refusals: readonly string[]
}

/** One request of so many is hung up on while it is being answered, and repeated. */
const HUNG_UP = 0.05
const HANG_UP_WITHIN_MS = 30
const INBOX_EVERY_MS = 250

/** Stores the workflows, and begins the load. */
export async function startLoad({ client, seed, sequencing, rate }: LoadOptions): Promise<Load> {
  const random = randomOf(seed, 'load')
  const loads = workloads(sequencing)
  for (const { definition } of loads) await client.ask({ method: 'POST', path: '/workflows', body: definition })

  const stopping = new AbortController()
  const runs: AcceptedRun[] = []
  const refusals: string[] = []
  const underWay = new Set<Promise<void>>()
  const track = (work: Promise<void>) => {
    const done = work
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) refusals.push(messageOf(error))
      })
      .finally(() => underWay.delete(done))
    underWay.add(done)
  }
  const timer = setInterval(() => {
    const load = pickWorkload(loads, random)
    const run: AcceptedRun = { key: `${seed}-${runs.length}`, ids: [], ends: load.ends, order: load.order ?? null }
    runs.push(run)
    track(submit(client, load, run, random))
  }, 1_000 / rate)
  const deciding = decide(client, refusals, stopping.signal)

  return {
    runs,
    refusals,
    async stopSubmitting() {
      clearInterval(timer)
      while (underWay.size > 0) await Promise.all(underWay)
    },
    async stop() {
      clearInterval(timer)
      stopping.abort()
      await deciding
    },
  }
}

async function submit(client: Client, load: Workload, run: AcceptedRun, random: Random): Promise<void> {
  const hangUpAfterMs = random.next() < HUNG_UP ? random.between(1, HANG_UP_WITHIN_MS) : undefined
  const eventAfterMs = random.between(0, 1_000)
  const order =
    load.order === undefined
      ? {}
      : { order_id: (await client.ask<{ id: string }>({ method: 'POST', path: '/orders', body: ORDER })).id }
  const { id } = await client.ask<{ id: string }>({
    method: 'POST',
    path: `/workflows/${load.definition.name}/runs`,
    idempotencyKey: run.key,
    // The tag tells how many runs the key has made, whatever was answered.
    body: { tags: [run.key], input: { decision: load.decision ?? null }, ...order },
    ...(hangUpAfterMs === undefined ? {} : { hangUpAfterMs }),
  })
  run.ids.push(id)
  if (load.event === undefined) return
  await sleep(eventAfterMs)
  await unlessDone(client, `/runs/${id}/events`, { name: load.event, data: { for: id } })
}

/** Asks for something that counts once. 409: an earlier try has counted, and what was said about it got lost. */
async function unlessDone(client: Client, path: string, body: unknown): Promise<void> {
  try {
    await client.ask({ method: 'POST', path, body })
  } catch (error) {
    if (!(error instanceof Refused && error.status === 409)) throw error
  }
}

const ORDER = { amount: '49.90', currency: 'EUR' }

interface Approval {
  run_id: string
  step_id: string
  input: { decision: 'approve' | 'reject' }
}

/** People who look into the inbox, and answer what stands there. */
async function decide(client: Client, refusals: string[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const { items } = await client.ask<{ items: Approval[] }>({ path: '/approvals?status=open&limit=100' })
      await Promise.all(items.map((approval) => answer(client, approval)))
      await sleep(INBOX_EVERY_MS, undefined, { signal })
    } catch (error) {
      // Else the client has been told to give up.
      if (!(error instanceof Refused)) return
      refusals.push(error.message)
    }
  }
}

function answer(client: Client, { run_id, step_id, input }: Approval): Promise<void> {
  return unlessDone(client, `/runs/${run_id}/steps/${step_id}/${input.decision}`, { by: 'chaos' })
}
