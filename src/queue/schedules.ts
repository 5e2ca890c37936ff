import type { Queue, Worker } from 'bullmq'
import type { Logger } from '../log.ts'
import { withTimeout } from '../timeout.ts'
import type { QueueConnection } from './connection.ts'
import { SCHEDULES_QUEUE } from './names.ts'

/**
 * BullMQ's job schedulers, one a schedule: they make a job when a time has come, so that somebody looks at once. They
 * decide nothing: whether a schedule is due is read from Postgres, and a job that is lost, late or one too many (BullMQ
 * computes the times by another library) costs seconds at most.
 */

/** How long BullMQ has to close. */
const CLOSE_TIMEOUT_MS = 3_000

/** When a schedule fires. */
interface Time {
  id: string
  cron: string
  timezone: string
}

/** Keeps BullMQ's job schedulers as the schedules are, and calls `onTime` whenever one of them has made a job. */
export class ScheduleHints {
  private readonly queue: Queue
  private readonly worker: Worker
  private readonly log: Logger
  /** What BullMQ has, by id, in the queue's life of this token; null: not known. */
  private known: { token: string | null; times: Map<string, string> } | null = null

  constructor(connection: QueueConnection, onTime: () => Promise<void>, log: Logger) {
    this.log = log
    this.queue = connection.queue(SCHEDULES_QUEUE)
    this.worker = connection.worker(SCHEDULES_QUEUE, onTime, { concurrency: 1 })
  }

  /** Makes BullMQ's schedulers agree with `times`: all of them where the queue has begun a new life, else what changed. */
  async sync(times: readonly Time[], token: string | null): Promise<void> {
    if (this.known?.token !== token) this.known = null
    const known = (this.known ??= { token, times: await this.readKnown() }).times
    const wanted = new Set(times.map(({ id }) => id))
    for (const id of known.keys()) {
      if (wanted.has(id)) continue
      await this.queue.removeJobScheduler(id)
      known.delete(id)
    }
    for (const time of times) {
      const text = `${time.timezone} ${time.cron}`
      if (known.get(time.id) === text) continue
      await this.upsert(time)
      known.set(time.id, text)
    }
  }

  /**
   * Ends after the job under way. The schedulers stay: whoever leads next goes on with them. Where Redis has just been
   * started again, BullMQ's worker may never say that it has closed; nobody is to wait for that.
   */
  async close(): Promise<void> {
    for (const part of [this.worker, this.queue]) {
      await withTimeout(part.close(), CLOSE_TIMEOUT_MS).catch((error: unknown) =>
        this.log.debug({ err: error, queue: part.name }, 'BullMQ did not close'),
      )
    }
  }

  /** Their times are not compared: each is written again, once. */
  private async readKnown(): Promise<Map<string, string>> {
    const found = await this.queue.getJobSchedulers(0, -1)
    return new Map(found.map(({ key }) => [key, '']))
  }

  private async upsert({ id, cron, timezone }: Time): Promise<void> {
    const opts = { removeOnComplete: true, removeOnFail: true, attempts: 1 }
    try {
      await this.queue.upsertJobScheduler(id, { pattern: cron.trim(), tz: timezone }, { name: 'due', data: {}, opts })
    } catch (error) {
      this.log.debug({ err: error, schedule: id }, "BullMQ cannot wake this schedule: the leader's tick does")
    }
  }
}
