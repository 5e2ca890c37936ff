import { readJobRuns, readStepStatuses, type JobRun, type StepStatuses } from '../db/drift.ts'
import { isUuid } from '../db/search.ts'
import { ROOT_JOB, type JobAddress } from '../queue/names.ts'
import { PENDING_STATES, type PendingJob } from '../queue/queue.ts'
import { isFinished, isSettled } from '../workflow/states.ts'
import { inSmallGroups, type Budget, type Finding } from './drift-finding.ts'
import { stepsOf } from './due-jobs.ts'
import type { Engine } from './engine.ts'

/** The second half of drift: what the queue holds although Postgres says that it has settled. */

/** Jobs of one read of the queue. */
const JOBS_PER_PAGE = 200
/** A run that ended with its last step has a root job that is still to come up, and finds nothing to do. */
const ROOT_COMES_UP_MS = 10_000

/**
 * Goes through the jobs of some queues (BullMQ names) that have not finished, and returns those with nothing left to do:
 * to be confirmed by a second look.
 */
export async function lookForLeftover(
  engine: Engine,
  queues: readonly string[],
  budget: Budget,
): Promise<{ suspects: Finding[]; jobs: number; isWhole: boolean }> {
  const found = { suspects: [] as Finding[], jobs: 0, isWhole: true }
  for (const queue of queues) {
    for (const state of PENDING_STATES) {
      for (let start = 0; ; start += JOBS_PER_PAGE) {
        if (found.jobs >= budget.jobs || budget.isOver()) return { ...found, isWhole: false }
        const page = await engine.queue.listPending(queue, state, start, JOBS_PER_PAGE)
        found.jobs += page.length
        found.suspects.push(...(await judge(engine, page)))
        if (page.length < JOBS_PER_PAGE) break
      }
    }
  }
  return found
}

/** Those that are left over still, by Postgres and the queue as they are now. */
export async function confirmLeftover(engine: Engine, suspects: readonly Finding[]): Promise<Finding[]> {
  const pending: PendingJob[] = []
  await inSmallGroups(
    engine,
    suspects.flatMap(({ job }) => job ?? []),
    async (job) => {
      const presence = await engine.queue.pendingPresence(job)
      if (presence === 'missing' || presence === 'finished') return
      pending.push(presence === 'active' ? { ...job, state: 'active' } : job)
    },
  )
  return judge(engine, pending)
}

async function judge(engine: Engine, jobs: readonly PendingJob[]): Promise<Finding[]> {
  const ours = jobs.flatMap((job) => (job.address === null ? [] : [{ job, address: job.address }]))
  const addresses = ours.map(({ address }) => address).filter(({ run }) => isUuid(run))
  const runs = await readJobRuns(engine.db, [...new Set(addresses.map(({ run }) => run))])
  const carried = new Map<JobAddress, string[]>()
  for (const address of addresses) {
    const run = runs.get(address.run)
    if (run !== undefined) carried.set(address, stepsOf(await engine.versions.get(run.versionId), address))
  }
  const statusOf = await readStepStatuses(engine.db, [...runs.keys()], [...new Set([...carried.values()].flat())])
  return ours.flatMap(({ job, address }) => {
    const text = whyLeftOver(job, address, { run: runs.get(address.run), steps: carried.get(address) ?? [], statusOf })
    return text === null ? [] : [leftover(job, address, text)]
  })
}

function leftover(job: PendingJob, { run, step, epoch }: JobAddress, text: string): Finding {
  const presence = job.state === 'active' ? 'active' : 'due'
  return { kind: 'leftover_job', run, step: step === ROOT_JOB ? null : step, epoch, presence, text, job }
}

/** Why a job has nothing left to do, in words; null: it has. */
function whyLeftOver(
  job: PendingJob,
  address: JobAddress,
  { run, steps, statusOf }: { run: JobRun | undefined; steps: readonly string[]; statusOf: StepStatuses },
): string | null {
  if (run === undefined) return 'There is no such run.'
  if (address.step === ROOT_JOB && run.endedMs !== null && run.endedMs < ROOT_COMES_UP_MS) return null
  if (isFinished(run.status)) return `The run has ended: it is ${run.status}.`
  const statuses = steps.map((step) => statusOf(address.run, step))
  // A run that is dispatched anew leaves the attempts of its steps to those who are at work on them.
  if (job.state === 'active' && statuses.includes('running')) return null
  if (address.epoch !== run.epoch) return `The job is of epoch ${address.epoch}, and the run is at ${run.epoch}.`
  if (address.step === ROOT_JOB) return null
  if (statuses.every((status) => status === undefined)) return `The run has no step ${address.step}.`
  if (!statuses.every((status) => status === undefined || isSettled(status))) return null
  return `Step ${address.step} has settled: it is ${statuses.find((status) => status !== undefined)}.`
}
