import type { FlowProducer, Job, Processor, Queue, Worker, WorkerOptions } from 'bullmq'
import { LRUCache } from 'lru-cache'
import { buildFlow, childJob, lateJob, rootJob, type FlowSpec, type FlowStep, type LateStep } from './flow.ts'
import { openQueueConnection, type QueueConnection, type QueueOptions } from './connection.ts'
import { Signals } from './signals.ts'
import {
  GATES_QUEUE,
  holdsRuns,
  jobId,
  parseJobAddress,
  RUNS_QUEUE,
  SCHEDULES_QUEUE,
  stepsQueue,
  TIMERS_QUEUE,
  type JobAddress,
} from './names.ts'

/** State of a job in the queue; `missing` if it is not there. */
export type JobPresence = 'due' | 'active' | 'parked' | 'finished' | 'missing'

/** Counts of one queue by BullMQ state. */
export type QueueDepth = Record<string, number>

/** States of jobs that have not finished, as BullMQ lists them. */
export const PENDING_STATES = ['wait', 'prioritized', 'delayed', 'waiting-children', 'active'] as const
export type PendingState = (typeof PENDING_STATES)[number]

/** A job that has not finished, as it lies in a queue (its BullMQ name); without an address it is none of ours. */
export interface PendingJob {
  queue: string
  id: string
  state: PendingState
  address: JobAddress | null
}

/** Most jobs of one round trip: a longer script would keep Redis from everyone else (10,000 jobs: 0.8 s). */
const JOBS_PER_ADD = 1_000

/** Name of the queue's meta field that holds the token of its present life. */
const TOKEN_FIELD = 'sluice-token'

/** All that the engine does with BullMQ. Every method may be repeated without harm. */
export class RunQueue {
  readonly connection: QueueConnection
  readonly signals: Signals
  private readonly flows: FlowProducer
  private readonly runs: Queue
  private readonly gates: Queue
  private readonly timers: Queue
  private readonly steps = new LRUCache<string, Queue>({ max: 1_000, dispose: (queue) => void queue.close() })

  private constructor(connection: QueueConnection, log: QueueOptions['log']) {
    this.connection = connection
    this.signals = new Signals(() => connection.relay(), log)
    this.flows = connection.flowProducer()
    this.runs = connection.queue(RUNS_QUEUE)
    this.gates = connection.queue(GATES_QUEUE)
    this.timers = connection.queue(TIMERS_QUEUE)
  }

  /** Connects, and fails with a remedy where the store must not be used. */
  static async open(options: QueueOptions): Promise<RunQueue> {
    const queue = new RunQueue(await openQueueConnection(options), options.log)
    const parts = [queue.flows, queue.runs, queue.gates, queue.timers]
    await Promise.all(parts.map((part) => part.waitUntilReady()))
    return queue
  }

  /** Adds flows, in as many round trips as their sizes ask for. */
  async addFlows(specs: readonly FlowSpec[]): Promise<void> {
    let batch: FlowSpec[] = []
    let jobs = 0
    const flush = async () => {
      if (batch.length > 0) await this.flows.addBulk(batch.map(buildFlow))
      batch = []
      jobs = 0
    }
    for (const spec of specs) {
      batch.push(spec)
      jobs += spec.steps.length + 1
      if (jobs >= JOBS_PER_ADD) await flush()
    }
    await flush()
  }

  /** Adds the job that ends a run, whose flow came without one. */
  async addRoot(run: Pick<FlowSpec, 'run' | 'epoch'>): Promise<void> {
    const { name, data, opts } = rootJob(run)
    await this.runs.add(name, data, opts)
  }

  /** Removes gates, which releases the steps that wait at them; gates that are gone already are no matter. */
  async openGates(addresses: readonly JobAddress[]): Promise<void> {
    await Promise.all(addresses.map((address) => this.gates.remove(jobId(address), { removeChildren: false })))
  }

  /** Removes the gates at which steps are parked, with and without a time; what is gone already is no matter. */
  async openParked(addresses: readonly JobAddress[]): Promise<void> {
    const ids = addresses.map(jobId)
    await Promise.all([this.gates, this.timers].flatMap((queue) => ids.map((id) => queue.remove(id))))
  }

  /**
   * Puts a new gate below a job that is active now; the job must then be moved to waiting-children. With `delayMs` the
   * gate opens by itself when the time is up.
   */
  async addGate(job: Job, address: JobAddress, delayMs?: number): Promise<void> {
    const options = {
      jobId: jobId(address),
      parent: { id: job.id!, queue: job.queueQualifiedName },
      ignoreDependencyOnFailure: true,
      removeOnComplete: true,
      removeOnFail: true,
    }
    if (delayMs === undefined) await this.gates.add('gate', address, options)
    else await this.timers.add('timer', address, { ...options, delay: Math.max(1, Math.ceil(delayMs)) })
  }

  /** Puts steps below a job that is active now, side by side; the job must then be moved to waiting-children. */
  async addItems(job: Job, address: JobAddress, items: readonly Omit<FlowStep, 'parent'>[]): Promise<void> {
    const parent = { id: job.id!, queue: job.queueQualifiedName }
    for (let start = 0; start < items.length; start += JOBS_PER_ADD) {
      const page = items.slice(start, start + JOBS_PER_ADD)
      await this.flows.addBulk(page.map((item) => childJob(address, item, parent)))
    }
  }

  /** Puts steps below jobs of their run that wait for others; what is there already stays as it is. */
  async addLate(run: Pick<JobAddress, 'run' | 'epoch'>, steps: readonly LateStep[]): Promise<void> {
    const qualified = (name: string) => this.servedQueue(name).qualifiedName
    for (const name of new Set(steps.map(({ step }) => step.queue))) {
      const jobs = steps.filter(({ step }) => step.queue === name).map((step) => lateJob(run, step, qualified))
      for (let start = 0; start < jobs.length; start += JOBS_PER_ADD) {
        // Not by the flow producer, which for jobs without children takes twice as long to say the same.
        await this.stepQueue(name).addBulk(jobs.slice(start, start + JOBS_PER_ADD))
      }
    }
  }

  /** Puts steps below a job that is active now, one after the other, the first of the list first. */
  async addChain(job: Job, address: JobAddress, steps: readonly Omit<FlowStep, 'parent'>[]): Promise<void> {
    if (steps.length === 0) return
    const parent = { id: job.id!, queue: job.queueQualifiedName }
    const jobs = steps.map((step, index) => childJob(address, step, index === steps.length - 1 ? parent : undefined))
    await this.flows.add(jobs.reduce((below, above) => ({ ...above, children: [below] })))
  }

  /** Where a step's job is; `queue` as in the definition. */
  async stepPresence(address: JobAddress, queue: string): Promise<JobPresence> {
    return presence(await this.stepQueue(queue).getJobState(jobId(address)))
  }

  /** Where a run's root job is. */
  async rootPresence(address: JobAddress): Promise<JobPresence> {
    return presence(await this.runs.getJobState(jobId(address)))
  }

  /** Addresses of gates with and without a time, from one place to another of either list, oldest first. */
  async listGates(start: number, end: number): Promise<JobAddress[]> {
    const pages = await Promise.all([
      this.gates.getJobs(['wait'], start, end, true),
      this.timers.getJobs(['delayed'], start, end, true),
    ])
    const jobs = pages.flat()
    return jobs.filter((job) => job !== undefined && job !== null).map((job) => job.data as JobAddress)
  }

  /** The queues that hold jobs of runs, by BullMQ's names: those of steps among them that no worker serves. */
  async runQueues(): Promise<string[]> {
    return (await this.connection.queueNames()).filter(holdsRuns).toSorted()
  }

  /** Jobs of one state of a queue (its BullMQ name), `limit` at most from a place on, oldest first. */
  async listPending(name: string, state: PendingState, start: number, limit: number): Promise<PendingJob[]> {
    const jobs = await this.servedQueue(name).getJobs([state], start, start + limit - 1, true)
    return jobs.flatMap((job) =>
      typeof job?.id === 'string' ? [{ queue: name, id: job.id, state, address: parseJobAddress(job.data) }] : [],
    )
  }

  /** Where a job is that was listed before. */
  async pendingPresence(job: PendingJob): Promise<JobPresence> {
    return presence(await this.servedQueue(job.queue).getJobState(job.id))
  }

  /**
   * Removes a job but not what hangs below it, which releases what waits for it. False: a worker holds it, or it is gone.
   */
  async removePending(job: PendingJob): Promise<boolean> {
    return (await this.servedQueue(job.queue).remove(job.id, { removeChildren: false })) === 1
  }

  /** The token that marks the queue's present life; null when its data has been lost (or it is new). */
  async token(): Promise<string | null> {
    return (await this.runs.getBackend().getQueueMetaField(TOKEN_FIELD)) ?? null
  }

  async setToken(token: string): Promise<void> {
    await this.runs.getBackend().setQueueMeta({ [TOKEN_FIELD]: token })
  }

  /** Adds a job that only proves that the queue still feeds its workers. */
  async addCanary(queueName: string, name: string): Promise<void> {
    await this.servedQueue(queueName).add(name, {}, { removeOnComplete: true, removeOnFail: true, attempts: 1 })
  }

  /** Whether someone has paused a queue (its BullMQ name). */
  async isPaused(queueName: string): Promise<boolean> {
    return await this.servedQueue(queueName).isPaused()
  }

  /** A BullMQ worker on a queue (its BullMQ name). */
  worker(name: string, processor: Processor, options: Omit<WorkerOptions, 'connection' | 'prefix'>): Worker {
    return this.connection.worker(name, processor, options)
  }

  /** The queues that Bull Board shows. */
  boardQueues(stepQueues: readonly string[]): Queue[] {
    const steps = stepQueues.map((name) => this.stepQueue(name))
    return [this.runs, ...steps, this.gates, this.timers, this.bullQueue(SCHEDULES_QUEUE)]
  }

  /** Jobs of each queue by state. */
  async depths(stepQueues: readonly string[]): Promise<Record<string, QueueDepth>> {
    const queues = this.boardQueues(stepQueues)
    const counts = await Promise.all(queues.map((queue) => queue.getJobCounts()))
    return Object.fromEntries(queues.map((queue, index) => [queue.name, counts[index]!]))
  }

  /** Removes finished jobs beyond those that are kept visible, where the store does not do so by itself. */
  async forgetFinished(stepQueues: readonly string[]): Promise<void> {
    await this.connection.forgetFinished([RUNS_QUEUE, ...stepQueues.map(stepsQueue)])
  }

  /** Where the job of a step is looked at: its BullMQ queue, and its id there. `queue`: what its definition names. */
  placeOf(step: JobAddress, queue: string): { queue: string; id: string } {
    return { queue: stepsQueue(queue), id: jobId(step) }
  }

  /** The queue of the steps whose definition names `queue`. */
  stepQueue(queue: string): Queue {
    return this.bullQueue(stepsQueue(queue))
  }

  async close(): Promise<void> {
    const parts = [this.flows, this.runs, this.gates, this.timers, ...this.steps.values(), this.signals]
    await Promise.allSettled(parts.map((part) => part.close()))
    await this.connection.close()
  }

  private servedQueue(queueName: string): Queue {
    return queueName === RUNS_QUEUE ? this.runs : this.bullQueue(queueName)
  }

  private bullQueue(name: string): Queue {
    const known = this.steps.get(name)
    if (known) return known
    const queue = this.connection.queue(name)
    this.steps.set(name, queue)
    return queue
  }
}

function presence(state: string): JobPresence {
  switch (state) {
    case 'active':
      return 'active'
    case 'completed':
    case 'failed':
      return 'finished'
    case 'waiting-children':
      return 'parked'
    case 'unknown':
      return 'missing'
    default:
      return 'due'
  }
}
