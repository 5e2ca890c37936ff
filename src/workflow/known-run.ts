import type { RunStatus, StepStatus } from './states.ts'
import type { WaitingFor } from './waiting-for.ts'

/** What has to be known of a run to explain why it does not go on. */

/** All that is known of a run, at one moment. Times are ISO 8601. */
export interface KnownRun {
  id: string
  status: RunStatus
  /** Message of its failure. */
  error: string | null
  now: string
  /** Whether nothing has happened in the run for so long that something should have. */
  isQuiet: boolean
  /** Why it has not been admitted; null: it has. */
  held: { kind: 'start'; at: string } | ({ kind: 'slot' } & SlotFacts) | null
  /** Statuses of the definition's steps, in order. */
  statuses: readonly StepStatus[]
  /** Of the definition's steps, those that run, retry or wait. */
  busy: readonly KnownStep[]
  /** Unsettled items and compensations, in order; of many not all. */
  children: readonly KnownStep[]
  /** Of maps that wait, by their index. */
  items: ReadonlyMap<number, ItemCounts>
  /** Open ones, by id. */
  approvals: ReadonlyMap<string, KnownApproval>
  /** By id; one that is missing has not been started. */
  childRuns: ReadonlyMap<string, RunStatus>
  queue: KnownQueue
  /** That are alive. */
  workers: readonly KnownWorker[]
}

interface SlotFacts {
  key: string
  limit: number
  heldBy: string[]
  /** Older runs that wait for the same slots. */
  ahead: number
}

/** An unsettled step that somebody has begun, or an item or compensation. */
export interface KnownStep {
  index: number
  id: string
  status: StepStatus
  attempt: number
  startedAt: string | null
  retryAt: string | null
  error: string | null
  waitingFor: WaitingFor | null
  wakeAt: string | null
  /** Of the newest attempt, `host:pid`. */
  worker: string | null
  /** Whether that worker beats. */
  isAlive: boolean
  /** Its map, or the step that it compensates; null for a step of the definition. */
  parentIndex: number | null
  /** Null for a compensation. */
  itemIndex: number | null
}

/** How far the items of a map have come. */
export interface ItemCounts {
  total: number
  settled: number
  running: number
  failed: number
}

/** An approval that is open. */
export interface KnownApproval {
  approvers: string[] | null
  quorum: number
  approvedBy: string[]
  expiresAt: string | null
}

/** What the queue says of the steps that are due, as far as it was asked. */
export interface KnownQueue {
  /** Why it cannot be used for the run just now; null: it can. */
  trouble: string | null
  /** Ids of due steps that have no job that could come up. */
  lost: ReadonlySet<string>
  /** Whether all has settled, and no job is there to end the run. */
  isRootLost: boolean
  /** Queues that somebody has paused. */
  paused: ReadonlySet<string>
  /** Jobs in hand, by queue. */
  active: ReadonlyMap<string, number>
}

/** A worker that is alive. */
export interface KnownWorker {
  queues: readonly string[]
  /** Steps at once, of each queue. */
  concurrency: number
  actions: readonly string[]
}
