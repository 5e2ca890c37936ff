import { setTimeout as pause } from 'node:timers/promises'
import { readLiveEpochs } from '../db/sweep.ts'
import type { PendingJob } from '../queue/queue.ts'
import type { Repair } from '../workflow/drift.ts'
import { sendChanges } from './abort.ts'
import { inSmallGroups, type Budget, type Finding } from './drift-finding.ts'
import { isGone } from './due-jobs.ts'
import type { Engine } from './engine.ts'
import { confirmLeftover, lookForLeftover } from './leftover-jobs.ts'
import { confirmMissing, findIncomplete, lookForMissing } from './missing-jobs.ts'
import { requireInUse } from './queue-life.ts'
import { dispatchAnew } from './sweep.ts'

/**
 * Drift: where Postgres and the queue differ for longer than a moment. Found by two looks, so that what is about to happen
 * anyway is not told: everything that looked wrong is read again, from the queue and then from Postgres.
 *
 * What it does badly: a run that takes longer than {@link BETWEEN_LOOKS_MS} to be dispatched (thousands of steps) looks lost meanwhile.
 */

/** Jobs of the queue that are looked at for each run that is. */
const JOBS_PER_RUN = 10
/** How long after the first look the second begins. */
const BETWEEN_LOOKS_MS = 500
/** How long a first look may go on. */
const LOOKING_MS = 20_000

/** Runs that are dispatched in one go. */
const RUNS_PER_BATCH = 100
/** How often the removal of a job is tried. */
const REMOVE_TRIES = 5

/** What a comparison showed. */
export interface Drift {
  /** Whether all unfinished runs, and all jobs in the queue, were looked at. */
  complete: boolean
  runs: number
  jobs: number
  findings: Finding[]
}

/**
 * Compares at most `limit` unfinished runs, the oldest first, and ten times as many jobs. Changes nothing. Throws
 * `conflict` where the queue of this process is not the one in use.
 */
export async function findDrift(engine: Engine, limit: number): Promise<Drift> {
  await requireInUse(engine)
  const budget = budgetOf(limit)
  const missing = await lookForMissing(engine, budget)
  const leftover = await lookForLeftover(engine, await engine.queue.runQueues(), budget)
  if (missing.suspects.length + leftover.suspects.length > 0) await pause(BETWEEN_LOOKS_MS)
  const findings = [
    ...(await confirmMissing(engine, missing.suspects)),
    ...(await confirmLeftover(engine, leftover.suspects)),
  ]
  return { complete: missing.isWhole && leftover.isWhole, runs: missing.runs, jobs: leftover.jobs, findings }
}

/**
 * {@link findDrift}, then makes good what it found; tells what became of each finding. Runs whose jobs are missing are
 * dispatched anew; jobs that are left over are removed, which releases what waits for them. A job that a worker holds is
 * never removed. Repeating it is harmless.
 */
export async function repairDrift(engine: Engine, limit: number): Promise<Drift & { repairs: Repair[] }> {
  const drift = await findDrift(engine, limit)
  const removed = await removeJobs(engine, drift.findings)
  const lost = new Set(drift.findings.flatMap(({ kind, run }) => (kind === 'missing_job' ? [run] : [])))
  for (const run of await torn(engine, drift.findings)) lost.add(run)
  if (lost.size > 0) {
    engine.log.warn({ runs: lost.size, jobs: removed.size }, 'repairing what Postgres and the queue differ in')
    const ids = [...lost]
    await sendChanges(engine, ids)
    for (let start = 0; start < ids.length; start += RUNS_PER_BATCH) {
      await dispatchAnew(engine, ids.slice(start, start + RUNS_PER_BATCH))
    }
    await removeStale(engine, lost, budgetOf(limit))
  }
  const refused = await findIncomplete(engine, [...lost])
  const repairOf = (finding: Finding): Repair => {
    if (finding.kind === 'leftover_job') return removed.get(finding) ?? 'none'
    return refused.has(finding.run) ? 'none' : 'dispatched'
  }
  return { ...drift, repairs: drift.findings.map(repairOf) }
}

function budgetOf(limit: number): Budget {
  const end = performance.now() + LOOKING_MS
  return { runs: limit, jobs: limit * JOBS_PER_RUN, isOver: () => performance.now() > end }
}

/** Removes the jobs of findings; what became of each. */
async function removeJobs(engine: Engine, findings: readonly Finding[]): Promise<Map<Finding, Repair>> {
  const repairs = new Map<Finding, Repair>()
  await inSmallGroups(engine, findings, async (finding) => {
    if (finding.job !== null) repairs.set(finding, await removeJob(engine, finding.job))
  })
  return repairs
}

async function removeJob(engine: Engine, job: PendingJob): Promise<Repair> {
  if (job.state === 'active') return 'held'
  for (let tries = 1; ; tries += 1) {
    try {
      if (await engine.queue.removePending(job)) return 'removed'
      return isGone(await engine.queue.pendingPresence(job)) ? 'removed' : 'held'
    } catch (error) {
      // On Postgres, BullMQ's own transactions may deadlock with each other.
      if (tries < REMOVE_TRIES) continue
      engine.log.warn({ err: error, queue: job.queue, job: job.id }, 'a job that is left over could not be removed')
      return 'none'
    }
  }
}

/** Runs out of whose present flow a job was taken: what that job would have let go must be dispatched anew. */
async function torn(engine: Engine, findings: readonly Finding[]): Promise<string[]> {
  const leftover = findings.filter(({ kind }) => kind === 'leftover_job')
  const epochs = await readLiveEpochs(engine.db, [...new Set(leftover.map(({ run }) => run))])
  return leftover.filter(({ run, epoch }) => epochs.get(run) === epoch).map(({ run }) => run)
}

/** Removes what the flows of former epochs have left of some runs: a job that is gone releases nobody above it any more. */
async function removeStale(engine: Engine, runs: ReadonlySet<string>, budget: Budget): Promise<void> {
  const { suspects } = await lookForLeftover(engine, await engine.queue.runQueues(), budget)
  await removeJobs(
    engine,
    suspects.filter(({ run }) => runs.has(run)),
  )
}
