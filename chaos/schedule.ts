import type { QueueBackend } from '../src/queue/connection.ts'
import { randomOf, type Random } from './random.ts'

/** Every kind of fault, in the order of the report. `calm` does nothing: what recovery is compared with. */
export const FAULT_KINDS = [
  'calm',
  'kill_worker',
  'kill_api',
  'kill_leader',
  'pause_worker',
  'pause_api',
  'isolate_worker',
  'restart_postgres',
  'cut_postgres',
  'restart_redis',
  'empty_redis',
  'flush_redis',
  'fill_redis',
  'cut_redis',
  'wipe_queue',
] as const

export type FaultKind = (typeof FAULT_KINDS)[number]

/** A fault that is to happen. */
export interface PlannedFault {
  /** Since the begin of the load. */
  atMs: number
  kind: FaultKind
  /** How long what is paused, cut off, away or full stays so; 0 for what has no length. */
  forMs: number
  /** From 0 to 1: which of those that could be hit. */
  target: number
}

/** What {@link planFaults} goes by. */
export interface ScheduleOptions {
  seed: number
  /** How long there is load. */
  durationMs: number
  backend: QueueBackend
  /** A pause that is longer than this makes others take over. */
  lockMs: number
}

/** The first runs are under way by then. */
const LEAD_IN_MS = 1_500
/** As long before the end nothing begins, so that there is load to hit. */
const LEAD_OUT_MS = 500
/** Faults come as often as this where the time allows every kind at least once, */
const PACE_MS = 3_500
/** and more often in a short run, but no more than this. */
const FASTEST_PACE_MS = 1_000

/** Kinds that a queue backend allows. */
export function kindsOf(backend: QueueBackend): FaultKind[] {
  return FAULT_KINDS.filter((kind) => (backend === 'redis' ? kind !== 'wipe_queue' : !kind.endsWith('_redis')))
}

/**
 * The schedule of a seed, in order of time: every kind once in random order, then all of them again, and so on. With at
 * least {@link FASTEST_PACE_MS} for each, every kind comes at least once; in less time, as many as fit.
 */
export function planFaults({ seed, durationMs, backend, lockMs }: ScheduleOptions): PlannedFault[] {
  const random = randomOf(seed, 'schedule')
  const kinds = kindsOf(backend)
  const windowMs = durationMs - LEAD_IN_MS - LEAD_OUT_MS
  const most = Math.floor(windowMs / FASTEST_PACE_MS)
  const count = Math.max(0, Math.min(most, Math.max(kinds.length, Math.floor(windowMs / PACE_MS))))
  const order: FaultKind[] = []
  while (order.length < count) order.push(...random.shuffle(kinds))
  return order.slice(0, count).map((kind, place) => ({
    // Anywhere in its slot: faults meet, and so do the end of one and the begin of the next.
    atMs: Math.round(LEAD_IN_MS + ((place + random.next()) * windowMs) / count),
    kind,
    forMs: Math.round(lengthOf(kind, lockMs, random)),
    target: random.next(),
  }))
}

function lengthOf(kind: FaultKind, lockMs: number, random: Random): number {
  switch (kind) {
    case 'calm':
    case 'kill_worker':
    case 'kill_api':
    case 'kill_leader':
    case 'flush_redis':
    case 'wipe_queue':
      return 0
    case 'pause_worker':
    case 'pause_api':
    case 'isolate_worker':
      return lockMs * random.between(1.3, 2.2)
    case 'restart_postgres':
    case 'restart_redis':
    case 'empty_redis':
      return random.between(0, 1_000)
    case 'cut_postgres':
    case 'cut_redis':
    case 'fill_redis':
      return random.between(200, 2_000)
  }
}
