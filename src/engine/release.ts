import type { JobAddress } from '../queue/names.ts'
import { closingStepOf } from '../workflow/closing-step.ts'
import { concurrencyAround, type Activation, type Activations } from './activate.ts'
import type { EndedRuns } from './ended-runs.ts'
import type { Engine } from './engine.ts'
import type { Foreseen } from './foreseen.ts'
import { Gates } from './gates.ts'
import type { RunningAttempts } from './running-attempts.ts'
import { lastOf } from './stretch.ts'

/** What {@link Release} works with. */
interface ReleaseParts {
  activations: Activations
  ended: EndedRuns
  foreseen: Foreseen
  running: RunningAttempts
}

/** Lets go in the queue what waits for a step. Doing it twice is harmless. */
export class Release {
  private readonly engine: Engine
  private readonly activations: Activations
  private readonly ended: EndedRuns
  private readonly gates: Gates

  constructor(engine: Engine, { activations, ended, foreseen, running }: ReleaseParts) {
    this.engine = engine
    this.activations = activations
    this.ended = ended
    this.gates = new Gates(engine, { foreseen, running })
  }

  /** What a settled step holds back: gates of the definition's steps, or the next items of its map. */
  byStep(activation: Activation, job: JobAddress): Promise<void> {
    return activation.child === null ? this.gates.openDue(activation, job) : this.openNextItems(activation, job)
  }

  /** What a job of an older epoch holds back, whose flow has only to run dry. */
  async byStaleJob(activation: Activation, job: JobAddress): Promise<void> {
    const { child } = activation
    if (child === null) await this.gates.openAll({ ...activation, step: lastOf(activation) }, job)
    else await this.openNextItems(activation, job)
  }

  /** The end of the run, behind its last step: where the flow came without a root job, and the step has not ended it. */
  async ofRun({ run, workflow, step, child, jobEpoch: epoch }: Activation): Promise<void> {
    const isClosing = child === null && closingStepOf(workflow)?.index === step.index
    if (isClosing && !this.ended.has(run.id, epoch)) await this.engine.queue.addRoot({ run: run.id, epoch })
  }

  /** Of an item's map; a compensation holds back none. */
  private async openNextItems({ workflow, child, run }: Activation, job: JobAddress): Promise<void> {
    if (child === null || child.itemIndex === null) return
    const limit = concurrencyAround(workflow, job.step)
    if (limit === null) return
    const mapId = job.step.slice(0, job.step.lastIndexOf('['))
    const { pending } = await this.activations.itemProgress(run.id, child.parentIndex, limit)
    await this.engine.queue.openGates(pending.map((item) => ({ ...job, step: `${mapId}[${item}]` })))
  }
}
