import type { Job } from 'bullmq'
import { finishRuns, type RunEnd } from '../db/run-end.ts'
import { readForFinalise, readOutputsOfRuns, type FinaliseRow } from '../db/runs.ts'
import { isRetryable } from '../db/retryable.ts'
import { messageOf } from '../errors.ts'
import { delayJob, isControl } from '../queue/control.ts'
import { parseJobAddress, type JobAddress } from '../queue/names.ts'
import type { CompiledWorkflow } from '../workflow/compile.ts'
import type { Json } from '../workflow/definition.ts'
import { progressOf, runOutcome } from '../workflow/outcome.ts'
import { isFinished, isSettled } from '../workflow/states.ts'
import type { Activations } from './activate.ts'
import { Batcher } from './batcher.ts'
import { compensate } from './compensate.ts'
import type { EndedRuns } from './ended-runs.ts'
import type { Engine } from './engine.ts'
import { boundOutput, outputsById, viewOf } from './run-output.ts'

/** How soon the root job looks again when steps are unsettled (someone removed or promoted jobs by hand). */
const LOOK_AGAIN_MS = 1_000

/**
 * Ends runs. A run's root job comes up when all of its steps have settled: its last status, output and counts follow, where
 * the commit of its last step has not ended it ({@link completionOfRun}).
 */
export class Finaliser {
  private readonly engine: Engine
  private readonly activations: Activations
  private readonly ended: EndedRuns
  private readonly reads: Batcher<string, FinaliseRow | null>
  private readonly outputs: Batcher<{ runId: string; indexes: readonly number[] }, (string | null)[]>
  private readonly ends: Batcher<RunEnd, boolean>

  constructor(engine: Engine, { activations, ended }: { activations: Activations; ended: EndedRuns }) {
    this.engine = engine
    this.activations = activations
    this.ended = ended
    const common = { inFlight: 2, maxItems: 200, log: engine.log }
    this.reads = new Batcher({
      ...common,
      name: 'finalise reads',
      flush: async (ids) => {
        const rows = await readForFinalise(engine.db, [...new Set(ids)])
        return ids.map((id) => rows.get(id) ?? null)
      },
    })
    this.outputs = new Batcher({
      ...common,
      name: 'outputs of runs',
      flush: (runs) => readOutputsOfRuns(engine.db, runs),
    })
    this.ends = new Batcher({
      ...common,
      name: 'run ends',
      flush: async (ends) => {
        const finished = await finishRuns(engine.db, ends)
        ended.tell(finished)
        return ends.map((end) => finished.done.has(end.id))
      },
    })
  }

  /** BullMQ's processor of root jobs. */
  async process(job: Job, token: string): Promise<void> {
    const address = parseJobAddress(job.data)
    if (address === null) return
    try {
      await this.finalise(address, job, token)
    } catch (error) {
      if (isControl(error)) throw error
      // A root job that fails would be missed by the sweep only, seconds later.
      this.engine.log.warn({ err: error, run: address.run }, 'the run could not be ended: trying again')
      await delayJob(job, token, LOOK_AGAIN_MS)
    }
  }

  /** Resolves when every write has been answered. */
  drained(): Promise<void> {
    return this.ends.drained()
  }

  private async finalise(address: JobAddress, job: Job, token: string): Promise<void> {
    if (this.ended.has(address.run, address.epoch)) return
    const row = await this.reads.add(address.run)
    // Perhaps by a process that died before it had told anybody.
    if (row !== null && isFinished(row.status)) this.engine.changes.runs([row.id])
    if (row === null || isFinished(row.status) || row.status === 'paused' || row.epoch > address.epoch) return
    if (!row.statuses.every(isSettled)) return delayJob(job, token, LOOK_AGAIN_MS)
    const run = await this.activations.constantsOf(address.run)
    if (run === null) return
    const workflow = await this.engine.versions.get(run.versionId)
    const end = await this.endOf(row, workflow)
    const isUndone = end.status !== 'completed'
    const ending = { workflow, address, job, token, end }
    await this.ends.add(isUndone ? await compensate(this.engine, ending, row.compensation !== null) : end)
  }

  private async endOf(row: FinaliseRow, workflow: CompiledWorkflow): Promise<RunEnd> {
    const outcome = runOutcome({
      cancelling: row.status === 'cancelling',
      stopError: row.stopError,
      steps: workflow.steps.map((step, index) => ({
        id: step.id,
        status: row.statuses[index]!,
        tolerated: step.step.on_error === 'continue',
        settledAt: row.settledAt[index] ?? 0,
        error: row.errors[String(index)]?.message ?? null,
      })),
    })
    const progress = progressOf(row.statuses)
    const end: RunEnd = {
      id: row.id,
      epoch: row.epoch,
      status: outcome.status,
      output: null,
      error: outcome.error && { ...codeOf(row, workflow, outcome.error.step_id), ...outcome.error },
      completed: progress.completed,
      failed: progress.failed,
      skipped: progress.skipped,
      compensation: null,
    }
    if (outcome.status !== 'completed') return end
    try {
      return { ...end, output: await this.outputOf(row, workflow) }
    } catch (error) {
      // That Postgres does not answer just now says nothing about the output.
      if (isRetryable(error)) throw error
      return {
        ...end,
        status: 'failed',
        error: { code: 'run_output', message: `the run's output cannot be made: ${messageOf(error)}` },
      }
    }
  }

  /** JSON text of the run's output: the workflow's `output` binding, or the outputs of the sink steps by id. */
  private async outputOf(row: FinaliseRow, workflow: CompiledWorkflow): Promise<string | null> {
    const binding = workflow.definition.output
    return binding === undefined ? this.sinkOutputs(row, workflow) : this.outputBoundTo(row, workflow, binding)
  }

  private async sinkOutputs(row: FinaliseRow, workflow: CompiledWorkflow): Promise<string | null> {
    const sinks = workflow.sinks.filter((index) => row.statuses[index] === 'completed')
    const outputs = await this.outputs.add({ runId: row.id, indexes: sinks })
    return outputsById(workflow, sinks, outputs)
  }

  private async outputBoundTo(row: FinaliseRow, workflow: CompiledWorkflow, binding: Json): Promise<string> {
    const run = (await this.activations.constantsOf(row.id))!
    const needs = workflow.outputNeeds
    const outputs = await this.outputs.add({ runId: row.id, indexes: needs })
    const views = new Map(
      needs.map((index, position) => [
        workflow.steps[index]!.id,
        viewOf(row.statuses[index]!, outputs[position], row.errors[String(index)]?.message ?? null),
      ]),
    )
    const order = await this.activations.orderOf(run)
    return boundOutput(binding, { input: run.input, context: run.context, order, steps: (id) => views.get(id) })
  }
}

/** The code of a failed step's error, where it has one. */
function codeOf(row: FinaliseRow, workflow: CompiledWorkflow, stepId?: string): { code?: string } {
  const index = stepId === undefined ? undefined : workflow.indexOf.get(stepId)
  const code = index === undefined ? undefined : row.errors[String(index)]?.code
  return code === undefined ? {} : { code }
}
