import type { Job } from 'bullmq'
import { beginCompensation, readCompensations, readCompleted, type Compensation } from '../db/compensation.ts'
import type { RunEnd } from '../db/run-end.ts'
import { delayJob, parkJob } from '../queue/control.ts'
import type { JobAddress } from '../queue/names.ts'
import { findStep } from '../workflow/child-step.ts'
import type { CompiledWorkflow } from '../workflow/compile.ts'
import { isSettled } from '../workflow/states.ts'
import type { Engine } from './engine.ts'

/**
 * Compensation (a saga): when a run is to end failed or cancelled, what its completed steps did is undone, the last first.
 * Each compensation is a row and a job of its own, with attempts and retries; they hang below the run's root job in a
 * chain, which ends the run when all have settled. One that fails for good does not keep the others from running.
 */

/** Compensations that hang below the root job at once: a chain of jobs must not be too deep for BullMQ. */
const CHAIN_LENGTH = 100
const LOOK_AGAIN_MS = 1_000

/** The job of a run that is to end, and how it would end without compensation. */
export interface Ending {
  workflow: CompiledWorkflow
  address: JobAddress
  job: Job
  token: string
  end: RunEnd
}

/** Begins or goes on with what is to be undone; returns how the run ends once that is done, or parks the job. */
export async function compensate(engine: Engine, ending: Ending, isBegun: boolean): Promise<RunEnd> {
  const { workflow, address, job, token, end } = ending
  if (!isBegun && !(await begin(engine, ending))) return end
  const all = await readCompensations(engine.db, address.run)
  const left = all.filter((compensation) => !isSettled(compensation.status))
  if (left.length === 0) return endOf(end, all)
  const chain = left.slice(0, CHAIN_LENGTH).flatMap(({ stepId }) => {
    const step = findStep(workflow, stepId)?.step
    return step === undefined ? [] : [{ ...step, id: stepId, gated: false }]
  })
  await engine.queue.addChain(job, address, chain)
  await parkJob(job, token)
  return delayJob(job, token, LOOK_AGAIN_MS)
}

async function begin(engine: Engine, { workflow, address, end }: Ending): Promise<boolean> {
  const hasAny = workflow.steps.some((step) => step.compensation !== null || step.itemStep !== null)
  if (!hasAny) return false
  const completed = await readCompleted(engine.db, address.run)
  const due = completed
    .map(({ stepIndex, stepId }) => ({ stepIndex, compensationId: `${stepId}.compensate` }))
    .filter(({ compensationId }) => findStep(workflow, compensationId) !== null)
  if (due.length === 0) return false
  await beginCompensation(engine.db, { id: end.id, epoch: end.epoch }, due)
  engine.changes.whole([end.id])
  engine.log.info({ run: end.id, steps: due.length }, 'undoing what the run had done')
  return true
}

/** A compensation that failed is what people must know of the run, more than why it was to be undone. */
function endOf(end: RunEnd, all: readonly Compensation[]): RunEnd {
  const bad = all.filter((compensation) => compensation.status !== 'completed')
  const [first] = bad
  if (first === undefined) return { ...end, compensation: 'completed' }
  const before = end.error === null ? 'The run was cancelled' : end.error.message
  const message = `${before}; and ${bad.length} of ${all.length} compensations failed, first ${first.stepId}: ${first.error ?? first.status}`
  return {
    ...end,
    status: 'failed',
    compensation: 'failed',
    error: { ...end.error, code: 'compensation_failed', message },
  }
}
