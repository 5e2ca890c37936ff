import { QueueEvents } from 'bullmq'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import { jobId, ROOT_JOB, RUNS_QUEUE } from '../../src/queue/names.ts'
import { withTimeout } from '../../src/timeout.ts'

/** Something that runs workflows of steps that do nothing: one process that submits, one or more that work. */
export interface Contestant {
  name: string
  /** Submits `runs` runs and resolves, with the milliseconds, when the last has ended. */
  run(definition: DefinitionInput, runs: number): Promise<number>
  /** Submits one run and resolves, with the milliseconds, when its submitter is told that it has ended. */
  once(definition: DefinitionInput): Promise<number>
  /** Runs `runs` runs, `atOnce` of them unfinished at any time; the milliseconds. Not known of peers. */
  keep?(definition: DefinitionInput, runs: number, atOnce: number): Promise<number>
  stop(): Promise<void>
}

const ONE_RUN_MS = 30_000

/**
 * Hears of the end of runs as BullMQ tells it: their last jobs have completed, which are their root jobs unless `last` says
 * otherwise. The same for the floor and for Sluice.
 */
export class RunWatch {
  private readonly events: QueueEvents
  private readonly waiting = new Map<string, () => void>()
  private readonly ready: Promise<unknown>
  private readonly step: string
  private listen: (job: string) => void = () => {}

  constructor(redisUrl: string, prefix: string, last = { queue: RUNS_QUEUE, step: ROOT_JOB }) {
    this.step = last.step
    this.events = new QueueEvents(last.queue, { connection: { url: redisUrl, maxRetriesPerRequest: null }, prefix })
    this.events.on('completed', ({ jobId }) => {
      this.waiting.get(jobId)?.()
      this.listen(jobId)
    })
    this.events.on('error', () => undefined)
    this.ready = this.events.waitUntilReady()
  }

  /** The milliseconds from before `submit` until the run has ended. */
  async time(run: string, submit: () => Promise<unknown>): Promise<number> {
    await this.ready
    const last = jobId({ run, step: this.step, epoch: 1 })
    const ended = new Promise<void>((resolve) => this.waiting.set(last, resolve))
    const began = performance.now()
    await submit()
    await withTimeout(ended, ONE_RUN_MS, `run ${run} did not end`)
    this.waiting.delete(last)
    return performance.now() - began
  }

  /**
   * Keeps `atOnce` runs unfinished until `runs` have ended: `submit` is told how many more to begin. The
   * milliseconds.
   */
  async keep(runs: number, atOnce: number, submit: (count: number) => Promise<unknown>): Promise<number> {
    await this.ready
    const ended = new Set<string>()
    let isNews = () => {}
    this.listen = (job) => {
      ended.add(job)
      isNews()
    }
    const began = performance.now()
    let submitted = 0
    while (ended.size < runs) {
      const news = new Promise<void>((resolve) => (isNews = resolve))
      const due = Math.min(runs - submitted, atOnce - (submitted - ended.size))
      submitted += due
      if (due > 0) await submit(due)
      else await withTimeout(news, ONE_RUN_MS, `none of ${submitted - ended.size} runs ended`)
    }
    this.listen = () => {}
    return performance.now() - began
  }

  async close(): Promise<void> {
    await this.events.close()
  }
}
