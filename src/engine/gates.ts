import { readUnsettled, stepKey } from '../db/activation.ts'
import type { JobAddress } from '../queue/names.ts'
import type { CompiledStep, CompiledWorkflow } from '../workflow/compile.ts'
import { Batcher } from './batcher.ts'
import type { Engine } from './engine.ts'

/** A settled step, by whose settling gates may be due. */
export interface SettledStep {
  workflow: CompiledWorkflow
  step: CompiledStep
  job: JobAddress
}

interface Pair {
  runId: string
  stepIndex: number
}

/**
 * Opens the gates at which steps wait for others that are elsewhere in the tree. Which ones are due is read after the
 * commit of the step that settled: two that settle at the same moment then both see each other, where a read within
 * their transactions would miss the wake-up. A gate with one opener needs no read.
 */
export class Gates {
  private readonly engine: Engine
  private readonly unsettled: Batcher<Pair[], Set<string>>

  constructor(engine: Engine) {
    this.engine = engine
    this.unsettled = new Batcher({
      name: 'gates',
      inFlight: 2,
      maxItems: 200,
      log: engine.log,
      flush: async (requests) => {
        const pairs = new Map(requests.flat().map((pair) => [stepKey(pair.runId, pair.stepIndex), pair]))
        const unsettled = await readUnsettled(engine.db, [...pairs.values()])
        return requests.map(() => unsettled)
      },
    })
  }

  /** Opens the gates that a settled step is the last to hold shut. Opening twice is harmless. */
  async openDue({ workflow, step, job }: SettledStep): Promise<void> {
    const { opens, openers } = workflow.plan
    const candidates = opens[step.index]!
    if (candidates.length === 0) return
    const others = new Set(candidates.flatMap((gated) => openers[gated]!))
    others.delete(step.index)
    const unsettled =
      others.size === 0
        ? new Set<string>()
        : await this.unsettled.add([...others].map((stepIndex) => ({ runId: job.run, stepIndex })))
    const due = candidates.filter((gated) =>
      openers[gated]!.every((opener) => opener === step.index || !unsettled.has(stepKey(job.run, opener))),
    )
    await this.open(workflow, due, job)
  }

  /** Opens every gate that a step can open, for a job of an older epoch: its flow has only to run dry. */
  async openAll({ workflow, step, job }: SettledStep): Promise<void> {
    await this.open(workflow, workflow.plan.opens[step.index]!, job)
  }

  private async open(workflow: CompiledWorkflow, gated: readonly number[], job: JobAddress): Promise<void> {
    if (gated.length === 0) return
    await this.engine.queue.openGates(gated.map((index) => ({ ...job, step: workflow.steps[index]!.id })))
  }
}
