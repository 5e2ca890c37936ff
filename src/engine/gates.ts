import { LRUCache } from 'lru-cache'
import { readIfSettled, stepKey } from '../db/activation.ts'
import type { JobAddress } from '../queue/names.ts'
import { isSettled } from '../workflow/states.ts'
import type { Activation } from './activate.ts'
import { Batcher } from './batcher.ts'
import { isLate, lateStep } from './dispatch.ts'
import type { Engine } from './engine.ts'
import type { Foreseen, ToldState } from './foreseen.ts'
import type { RunningAttempts } from './running-attempts.ts'

/** What most steps let go, kept resolved. */
const NOTHING_DUE = Promise.resolve()
/** Steps of which it is remembered who lets them go. */
const OPENERS = 50_000

/** A step of a flow that is held back, and for which others. */
interface HeldStep {
  job: JobAddress
  index: number
  openers: readonly number[]
}

/** What {@link Gates} look at before they ask Postgres. */
interface GatesParts {
  foreseen: Foreseen
  running: RunningAttempts
}

/**
 * Lets go steps that wait for others elsewhere in the tree: opens their gates, or adds their jobs where the flow came without
 * them. Which ones are due is read after the commit of the step that settled: two that settle at the same moment then both
 * see each other, where a read within their transactions would miss the wake-up. A step with one opener needs no read.
 */
export class Gates {
  private readonly engine: Engine
  private readonly foreseen: Foreseen
  private readonly running: RunningAttempts
  /** For the steps that one holds back: what was told of the run, if a step is due and the job that asks is to let it go. */
  private readonly due: Batcher<readonly HeldStep[], (ToldState | null)[]>
  /**
   * Which job lets a step go, of several that are told in this process that it is due. The others need not: that one is
   * acknowledged only behind it, or comes up again and asks again.
   */
  private readonly openers = new LRUCache<string, string>({ max: OPENERS })

  constructor(engine: Engine, { foreseen, running }: GatesParts) {
    this.engine = engine
    this.foreseen = foreseen
    this.running = running
    this.due = new Batcher({
      name: 'gates',
      inFlight: 2,
      maxItems: 100,
      log: engine.log,
      flush: async (lists) => {
        const told = await this.askWhetherDue(lists.flat())
        return lists.map((held) => told.splice(0, held.length))
      },
    })
  }

  /**
   * Lets go what a settled step is the last to hold back. Doing it twice is harmless. What a step under way in this process
   * holds back, too, is left to that one: it asks when it has settled, and then sees this one.
   */
  openDue(settled: Activation, job: JobAddress): Promise<void> {
    const { step, workflow } = settled
    const { opens, openers } = workflow.plan
    if (opens[step.index]!.length === 0) return NOTHING_DUE
    this.running.settled(job, step.index)
    const held = opens[step.index]!.filter(
      (index) =>
        openers[index]!.length === 1 ||
        !this.running.hasUnsettled(job, (other) => opens[other]?.includes(index) === true),
    )
    return held.length === 0 ? NOTHING_DUE : this.letGoDue(held, settled, job)
  }

  private async letGoDue(held: readonly number[], settled: Activation, job: JobAddress): Promise<void> {
    const { openers } = settled.workflow.plan
    const due = held.filter((index) => openers[index]!.length === 1)
    if (due.length < held.length) {
      const shared = held.filter((index) => openers[index]!.length > 1)
      due.push(...(await this.dueOf(shared, settled, job)))
    }
    await Promise.all([this.openGates(due, settled, job), this.addLate(due, settled, job)])
  }

  /** Opens every gate that a step can open, for a job of an older epoch: its flow has only to run dry. */
  async openAll(settled: Activation, job: JobAddress): Promise<void> {
    await this.openGates(settled.workflow.plan.opens[settled.step.index]!, settled, job)
  }

  /**
   * Of steps that wait for several, those for which all have settled, and which this job is to let go. From what was told of the run
   * with that, late ones can be decided.
   */
  private async dueOf(shared: readonly number[], settled: Activation, job: JobAddress): Promise<number[]> {
    const { run, workflow, row, jobEpoch } = settled
    const { openers } = workflow.plan
    const told = await this.due.add(shared.map((index) => ({ job, index, openers: openers[index]! })))
    const due = shared.filter((_, place) => told[place] !== null)
    const first = told.find((state) => state !== null)
    // Behind a step that settles only now, nobody can have begun the late ones before.
    if (first && !isSettled(row.status)) {
      const late = due.filter((index) => isLate(workflow, { step: index, epoch: job.epoch }))
      const steps = late.map((index) => workflow.steps[index]!)
      if (steps.length > 0) this.foreseen.keep({ run: { run, workflow, jobEpoch }, ...first }, steps)
    }
    return due
  }

  /** Each step is looked at once, and only where not all that hold it back completed in this process. */
  private async askWhetherDue(held: readonly HeldStep[]): Promise<(ToldState | null)[]> {
    const told = new Map<HeldStep, ToldState>()
    const asked = new Map<string, HeldStep>()
    for (const one of held) {
      if (asked.has(keyOf(one)) || !this.letsGo(one)) continue
      const known = this.foreseen.toldIfCompleted(one.job, one.openers)
      if (known === null) {
        asked.set(keyOf(one), one)
      } else {
        this.openers.set(keyOf(one), one.job.step)
        told.set(one, known)
      }
    }
    if (asked.size === 0) return held.map((one) => told.get(one) ?? null)
    const askedMs = performance.now()
    const runs = await readIfSettled(
      this.engine.db,
      [...asked.values()].map(({ job, openers }) => ({ runId: job.run, steps: openers })),
    )
    for (const [place, [key, one]] of [...asked].entries()) {
      const state = runs[place]!
      if (state === null || !this.letsGo(one)) continue
      this.openers.set(key, one.job.step)
      told.set(one, { state, askedMs })
    }
    return held.map((one) => told.get(one) ?? null)
  }

  /** Whether no other job lets a step go. */
  private letsGo(one: HeldStep): boolean {
    return (this.openers.get(keyOf(one)) ?? one.job.step) === one.job.step
  }

  private async openGates(steps: readonly number[], { workflow }: Activation, job: JobAddress): Promise<void> {
    const gated = steps.filter((step) => !isLate(workflow, { step, epoch: job.epoch }))
    if (gated.length === 0) return
    await this.engine.queue.openGates(gated.map((index) => ({ ...job, step: workflow.steps[index]!.id })))
  }

  private async addLate(steps: readonly number[], { workflow, run }: Activation, job: JobAddress): Promise<void> {
    const late = steps.filter((step) => isLate(workflow, { step, epoch: job.epoch }))
    if (late.length === 0) return
    await this.engine.queue.addLate(
      job,
      late.map((step) => lateStep(workflow, step, run.priority)),
    )
  }
}

function keyOf({ job, index }: HeldStep): string {
  return `${stepKey(job.run, index)}.${job.epoch}`
}
