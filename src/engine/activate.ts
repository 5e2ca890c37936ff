import { LRUCache } from 'lru-cache'
import {
  readActivations,
  readBeginnings,
  readRunConstants,
  type ActivationQuery,
  type ActivationRow,
  type Beginning,
  type RunConstants,
} from '../db/activation.ts'
import { readOrderViews } from '../db/order-view.ts'
import { readChildren, readItemProgress, type ChildRow, type ItemProgress } from '../db/park.ts'
import type { JobAddress } from '../queue/names.ts'
import { findStep, rowsNeeded, type FoundStep } from '../workflow/child-step.ts'
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
  /** Its place, where it is an item of a map or a compensation; else null. */
  child: ChildRow | null
  /** Whether the map's concurrency has room for it, where it is an item. */
  admitted: boolean
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
  private readonly beginnings: Batcher<{ runId: string; stepId: string }, Beginning | null>
  /** Runs of which {@link beginnings} is being read, so that several first steps of one read its input once. */
  private readonly beginning = new Map<string, Promise<Beginning | null>>()
  private readonly orders: Batcher<string, Json>
  private readonly rows: Batcher<ActivationQuery, ActivationRow | null>
  private readonly children: Batcher<{ runId: string; stepId: string }, ChildRow | null>
  private readonly progress: Batcher<{ runId: string; stepIndex: number; limit: number }, ItemProgress>

  constructor(engine: Engine) {
    this.engine = engine
    this.runs = new LRUCache({
      max: CACHED_RUNS,
      maxSize: CACHED_RUN_BYTES,
      sizeCalculation: (run) => 500 + 2 * (JSON.stringify(run.input).length + JSON.stringify(run.context).length),
    })
    const common = { inFlight: 2, maxItems: 500, log: engine.log }
    this.constants = new Batcher({ ...common, name: 'run_constants', flush: (ids) => this.readConstants(ids) })
    this.beginnings = new Batcher({
      ...common,
      name: 'beginnings',
      flush: (queries) => readBeginnings(engine.db, queries),
    })
    this.orders = new Batcher({ ...common, name: 'orders', flush: (ids) => this.readOrders(ids) })
    this.rows = new Batcher({ ...common, name: 'activations', flush: (queries) => readActivations(engine.db, queries) })
    this.children = new Batcher({
      ...common,
      name: 'children',
      flush: async (queries) => {
        const found = await readChildren(engine.db, queries)
        return queries.map((query) => found.get(`${query.runId}/${query.stepId}`) ?? null)
      },
    })
    this.progress = new Batcher({ ...common, name: 'item progress', flush: (maps) => this.readProgress(maps) })
  }

  /** What there is to decide about a job's step; null if Postgres knows no such run or step any more. */
  async read(address: JobAddress): Promise<Activation | null> {
    const beginning = await this.begin(address)
    if (beginning === null) return null
    const { run, row } = beginning
    const workflow = await this.engine.versions.get(run.versionId)
    const found = findStep(workflow, address.step)
    if (found === null) return null
    if (found.kind === 'step') {
      const { step } = found
      const parts = { run, workflow, step, child: null }
      const isAll = row !== null && step.dependencies.length === 0 && step.needs.length === 0
      const { needs } = step
      const dependencies = step.dependencies.map(({ index }) => index)
      return isAll
        ? this.complete(address, parts, { row, admitted: true })
        : this.readStep(address, parts, { dependencies, needs })
    }
    const child = await this.children.add({ runId: run.id, stepId: address.step })
    return child === null ? null : this.readChild(address, { run, workflow, child }, found)
  }

  /** Which items of a map may be under way. */
  itemProgress(runId: string, mapIndex: number, limit: number): Promise<ItemProgress> {
    return this.progress.add({ runId, stepIndex: mapIndex, limit })
  }

  /** Of an item only its map is looked at, of a compensation the one before it. */
  private readChild(
    address: JobAddress,
    parts: Pick<Activation, 'run' | 'workflow'> & { child: ChildRow },
    found: FoundStep,
  ): Promise<Activation | null> {
    const { workflow, child } = parts
    const { itemIndex, parentIndex, previousIndex } = child
    const needs = rowsNeeded(found, parentIndex)
    const step = { ...found.step, index: child.stepIndex }
    if (itemIndex !== null) {
      const map = findStep(workflow, found.parentId ?? '')?.step
      return this.readStep(address, { ...parts, step }, { dependencies: [parentIndex], needs }, map)
    }
    const before = { id: 'the compensation before it', when: undefined, branch: undefined, tolerated: true }
    const dependencies = previousIndex === null ? [] : [previousIndex]
    const edges = dependencies.map((index) => ({ ...before, index }))
    return this.readStep(address, { ...parts, step: { ...step, dependencies: edges } }, { dependencies, needs })
  }

  private async readStep(
    address: JobAddress,
    parts: Pick<Activation, 'run' | 'workflow' | 'step' | 'child'>,
    looksAt: Pick<ActivationQuery, 'dependencies' | 'needs'>,
    map?: CompiledStep,
  ): Promise<Activation | null> {
    const { run, step, child } = parts
    // Before the row, whose time is the attempt's begin: what made room for it has settled before.
    const admitted = map === undefined || (await this.isAdmitted(run.id, child!, map))
    const row = await this.rows.add({ runId: run.id, stepIndex: step.index, ...looksAt })
    if (row === null) return null
    return this.complete(address, parts, { row, admitted })
  }

  private async complete(
    { epoch: jobEpoch }: JobAddress,
    { run, workflow, step, child }: Pick<Activation, 'run' | 'workflow' | 'step' | 'child'>,
    { row, admitted }: Pick<Activation, 'row' | 'admitted'>,
  ): Promise<Activation> {
    const order = step.needsOrder ? await this.orderOf(run) : null
    return { run, workflow, step, jobEpoch, row, child, admitted, order }
  }

  /** What never changes about a job's run, and where that has to be read, what else can be read with it. */
  private async begin({ run: runId, step: stepId }: JobAddress): Promise<Beginning | null> {
    const known = this.runs.get(runId)
    if (known !== undefined) return { run: known, row: null }
    const underWay = await this.beginning.get(runId)
    if (underWay) return { run: underWay.run, row: null }
    const read = this.beginnings.add({ runId, stepId })
    this.beginning.set(runId, read)
    try {
      const found = await read
      if (found !== null) this.runs.set(runId, found.run)
      return found
    } finally {
      this.beginning.delete(runId)
    }
  }

  /**
   * Whether the concurrency of a map has room for an item: items begin in order, so one may once fewer than the limit are
   * ahead of it that have not settled. Counted from rows, for a counter could be left wrong by a crash; and not from how many
   * have settled, for those that a retry left alone may be behind it.
   */
  private async isAdmitted(runId: string, child: ChildRow, map: CompiledStep): Promise<boolean> {
    const limit = concurrencyOf(map)
    if (limit === null || child.itemIndex! < limit) return true
    const { last } = await this.itemProgress(runId, child.parentIndex, limit)
    return last === null || child.itemIndex! <= last
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

  private async readProgress(maps: { runId: string; stepIndex: number; limit: number }[]): Promise<ItemProgress[]> {
    const keys = maps.map((map) => `${map.runId}.${map.stepIndex}`)
    const distinct = new Map(maps.map((map, index) => [keys[index]!, map]))
    const progress = await readItemProgress(this.engine.db, [...distinct.values()])
    const byKey = new Map([...distinct.keys()].map((key, index) => [key, progress[index]!]))
    return keys.map((key) => byKey.get(key)!)
  }

  private async readConstants(ids: string[]): Promise<(RunConstants | null)[]> {
    const found = await readRunConstants(this.engine.db, [...new Set(ids)])
    for (const run of found.values()) this.runs.set(run.id, run)
    return ids.map((id) => found.get(id) ?? null)
  }
}

/** How many items of a map may be under way at once; null: all. */
export function concurrencyOf(map: CompiledStep): number | null {
  const limit = map.step.config['concurrency']
  return typeof limit === 'number' ? limit : null
}

/** How many items of an item's map may be under way at once; null: all. */
export function concurrencyAround(workflow: CompiledWorkflow, itemId: string): number | null {
  const map = findStep(workflow, findStep(workflow, itemId)?.parentId ?? '')?.step
  return map === undefined ? null : concurrencyOf(map)
}
