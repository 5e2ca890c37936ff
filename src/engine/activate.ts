import { LRUCache } from 'lru-cache'
import {
  readActivations,
  readRunConstants,
  type ActivationQuery,
  type ActivationRow,
  type RunConstants,
} from '../db/activation.ts'
import { readOrderViews } from '../db/order-view.ts'
import type { JobAddress } from '../queue/names.ts'
import type { CompiledStep, CompiledWorkflow } from '../workflow/compile.ts'
import type { Json } from '../workflow/definition.ts'
import { Batcher } from './batcher.ts'
import type { Engine } from './engine.ts'

/** A step whose job has come up, with all that its decision and its execution look at. */
export interface Activation {
  run: RunConstants
  workflow: CompiledWorkflow
  step: CompiledStep
  /** The epoch of the job. */
  jobEpoch: number
  /** The state in Postgres at the moment of the read. */
  row: ActivationRow
  /** The run's order, where the step reads it; else null. */
  order: Json
}

/** Runs whose constants a worker holds; their inputs count by their size in memory, roughly. */
const CACHED_RUN_BYTES = 64 * 1024 * 1024
const CACHED_RUNS = 20_000

/** Reads activations in batches; what never changes about a run is read once. */
export class Activations {
  private readonly engine: Engine
  private readonly runs: LRUCache<string, RunConstants>
  private readonly constants: Batcher<string, RunConstants | null>
  private readonly orders: Batcher<string, Json>
  private readonly rows: Batcher<ActivationQuery, ActivationRow | null>

  constructor(engine: Engine) {
    this.engine = engine
    this.runs = new LRUCache({
      max: CACHED_RUNS,
      maxSize: CACHED_RUN_BYTES,
      sizeCalculation: (run) => 500 + 2 * (JSON.stringify(run.input).length + JSON.stringify(run.context).length),
    })
    const common = { inFlight: 2, maxItems: 500, log: engine.log }
    this.constants = new Batcher({ ...common, name: 'run_constants', flush: (ids) => this.readConstants(ids) })
    this.orders = new Batcher({ ...common, name: 'orders', flush: (ids) => this.readOrders(ids) })
    this.rows = new Batcher({ ...common, name: 'activations', flush: (queries) => readActivations(engine.db, queries) })
  }

  /** What there is to decide about a job's step; null if Postgres knows no such run or step any more. */
  async read(address: JobAddress): Promise<Activation | null> {
    const run = await this.constantsOf(address.run)
    if (run === null) return null
    const workflow = await this.engine.versions.get(run.versionId)
    const index = workflow.indexOf.get(address.step)
    if (index === undefined) return null
    const step = workflow.steps[index]!
    const row = await this.rows.add({
      runId: run.id,
      stepIndex: index,
      dependencies: step.dependencies.map((dependency) => dependency.index),
      needs: step.needs,
    })
    if (row === null) return null
    const order = step.needsOrder ? await this.orderOf(run) : null
    return { run, workflow, step, jobEpoch: address.epoch, row, order }
  }

  /** The run's order as it is now, or null. */
  async orderOf(run: RunConstants): Promise<Json> {
    return run.orderId === null ? null : this.orders.add(run.orderId)
  }

  /** What never changes about a run, and its compiled version; null if there is no such run. */
  async constantsOf(runId: string): Promise<RunConstants | null> {
    return this.runs.get(runId) ?? this.constants.add(runId)
  }

  private async readOrders(ids: string[]): Promise<Json[]> {
    const found = await readOrderViews(this.engine.db, [...new Set(ids)])
    return ids.map((id) => found.get(id) ?? null)
  }

  private async readConstants(ids: string[]): Promise<(RunConstants | null)[]> {
    const found = await readRunConstants(this.engine.db, [...new Set(ids)])
    for (const run of found.values()) this.runs.set(run.id, run)
    return ids.map((id) => found.get(id) ?? null)
  }
}
