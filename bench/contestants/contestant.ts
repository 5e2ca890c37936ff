import { QueueEvents } from 'bullmq'
import { Redis } from 'ioredis'
import { FIRST_EPOCH, firstFlow } from '../../src/engine/dispatch.ts'
import { jobId, ROOT_JOB, RUNS_QUEUE, stepsQueue } from '../../src/queue/names.ts'
import { compileWorkflow, type CompiledWorkflow } from '../../src/workflow/compile.ts'
import type { DefinitionInput, Json } from '../../src/workflow/definition.ts'
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
/** Events that a queue keeps for a submitter who is late to read them: of some 40,000 steps. */
const EVENTS_KEPT = 200_000

/** The job that completes last of a workflow's runs: the root job, or that of the last step. */
interface LastJob {
  /** BullMQ's name. */
  queue: string
  step: string
}

/** {@link LastJob} of a workflow whose steps all complete. */
export function lastJobOf(workflow: CompiledWorkflow): LastJob {
  const { hasRoot, steps } = firstFlow(workflow, { id: '', priority: null })
  const top = hasRoot ? undefined : steps.find(({ parent }) => parent < 0)
  return top === undefined ? { queue: RUNS_QUEUE, step: ROOT_JOB } : { queue: stepsQueue(top.queue), step: top.id }
}

/** A {@link RunWatch} for each workflow that is asked about. */
export class RunWatches {
  private readonly byName = new Map<string, RunWatch>()
  private readonly redisUrl: string
  private readonly prefix: string

  constructor(redisUrl: string, prefix: string) {
    this.redisUrl = redisUrl
    this.prefix = prefix
  }

  of(definition: DefinitionInput): RunWatch {
    const known = this.byName.get(definition.name)
    if (known !== undefined) return known
    const watch = new RunWatch(this.redisUrl, this.prefix, lastJobOf(compileWorkflow(definition as Json)))
    this.byName.set(definition.name, watch)
    return watch
  }

  async close(): Promise<void> {
    for (const watch of this.byName.values()) await watch.close()
  }
}

/** Hears of the end of a workflow's runs as BullMQ tells it: their last jobs have completed. The same for the floor and for Sluice. */
class RunWatch {
  private readonly events: Promise<QueueEvents>
  private readonly waiting = new Map<string, () => void>()
  private readonly step: string
  private readonly redis: Redis
  /** Settings of the queue. */
  private readonly metaKey: string
  private listen: (job: string) => void = () => {}

  constructor(redisUrl: string, prefix: string, last: LastJob) {
    this.step = last.step
    this.redis = new Redis(redisUrl, { maxRetriesPerRequest: null })
    this.metaKey = `${prefix}:${last.queue}:meta`
    this.events = this.hear(redisUrl, prefix, last)
  }

  /**
   * From the newest event there is. BullMQ's own "from now on" begins with its first read, of which `waitUntilReady` knows
   * nothing: a run that ends before that would never be heard of.
   */
  private async hear(redisUrl: string, prefix: string, { queue, step }: LastJob): Promise<QueueEvents> {
    const [newest] = await this.redis.xrevrange(`${prefix}:${queue}:events`, '+', '-', 'COUNT', 1)
    const events = new QueueEvents(queue, {
      connection: { url: redisUrl, maxRetriesPerRequest: null },
      prefix,
      lastEventId: newest?.[0] ?? '0-0',
    })
    const ending = jobId({ run: '', step, epoch: FIRST_EPOCH })
    events.on('completed', ({ jobId: job }) => {
      this.waiting.get(job)?.()
      // All other steps may be in the same queue.
      if (job.endsWith(ending)) this.listen(job)
    })
    events.on('error', () => undefined)
    await events.waitUntilReady()
    return events
  }

  /** The milliseconds from before `submit` until the run has ended. */
  async time(run: string, submit: () => Promise<unknown>): Promise<number> {
    await this.events
    const last = jobId({ run, step: this.step, epoch: FIRST_EPOCH })
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
    await this.events
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
      if (due > 0) {
        await submit(due)
        // Not before: who submits opens the queue, and sets how many it keeps. A lost one would be waited for in vain.
        await this.redis.hset(this.metaKey, 'opts.maxLenEvents', EVENTS_KEPT)
      } else await withTimeout(news, ONE_RUN_MS, `none of ${submitted - ended.size} runs ended`)
    }
    this.listen = () => {}
    return performance.now() - began
  }

  async close(): Promise<void> {
    await (await this.events).close()
    this.redis.disconnect()
  }
}
