import { findQuietRuns, readQuietRuns, type QuietRun } from '../db/sweep.ts'
import { ROOT_JOB } from '../queue/names.ts'
import { closingStepOf } from '../workflow/closing-step.ts'
import { isFinished } from '../workflow/states.ts'
import { isLate } from './dispatch.ts'
import type { Engine } from './engine.ts'
import { dueChildren, dueSteps, endJobOf, isGone, isRootDue, presenceOf, rootJobOf, type DueJob } from './due-jobs.ts'
import { inSmallGroups, type Budget, type Finding } from './drift-finding.ts'
import { QUIET_MS } from './quiet.ts'

/** The first half of drift: what is due in Postgres, and the queue does not know. */

/** Runs of one read of Postgres. */
const RUNS_PER_PAGE = 250
/** Due steps that are looked for of one run. */
const STEPS_PER_RUN = 100

/** What a page of runs showed. */
interface Look {
  suspects: Finding[]
  /** Those that somebody may be about to add or to let go. */
  mayCome: Set<Finding>
  /** Whether all that was due was looked for. */
  isWhole: boolean
}

/** Goes through the unfinished runs, the oldest first, and returns what looks missing: to be confirmed by a second look. */
export async function lookForMissing(
  engine: Engine,
  budget: Budget,
): Promise<Omit<Look, 'mayCome'> & { runs: number }> {
  const found = { suspects: [] as Finding[], isWhole: true, runs: 0 }
  let cursor: string | null = null
  do {
    const limit = Math.min(RUNS_PER_PAGE, budget.runs - found.runs)
    if (limit <= 0 || budget.isOver()) return { ...found, isWhole: false }
    const page = await findQuietRuns(engine.db, { quietMs: 0, lockDurationMs: engine.lockDurationMs, cursor, limit })
    const look = await lookAt(engine, page.runs)
    found.suspects.push(...look.suspects)
    found.isWhole &&= look.isWhole
    found.runs += page.runs.length
    cursor = page.cursor
  } while (cursor !== null)
  return found
}

/**
 * Those that are missing still, by Postgres and the queue as they are now. A job that is held back, or that is added only
 * when it is due, counts only in a run in which nothing happens: in others, whoever lets it go or adds it may be about to.
 */
export async function confirmMissing(engine: Engine, suspects: readonly Finding[]): Promise<Finding[]> {
  if (suspects.length === 0) return []
  const ids = [...new Set(suspects.map(({ run }) => run))]
  const { db, lockDurationMs } = engine
  const again = await lookAt(engine, await readQuietRuns(db, ids, { quietMs: 0, lockDurationMs }))
  const quiet = await readQuietRuns(db, ids, { quietMs: QUIET_MS, lockDurationMs })
  const isQuiet = new Set(quiet.map(({ id }) => id))
  const before = new Set(suspects.map(keyOf))
  return again.suspects.filter(
    (finding) => before.has(keyOf(finding)) && (!again.mayCome.has(finding) || isQuiet.has(finding.run)),
  )
}

/** Those of some runs of which the queue does not have all that is due. Reads both anew. */
export async function findIncomplete(engine: Engine, runIds: readonly string[]): Promise<Set<string>> {
  const incomplete = new Set<string>()
  for (let start = 0; start < runIds.length; start += RUNS_PER_PAGE) {
    const page = runIds.slice(start, start + RUNS_PER_PAGE)
    const runs = await readQuietRuns(engine.db, page, { quietMs: 0, lockDurationMs: engine.lockDurationMs })
    const { suspects, mayCome } = await lookAt(engine, runs)
    for (const finding of suspects) if (!mayCome.has(finding)) incomplete.add(finding.run)
  }
  return incomplete
}

const keyOf = ({ run, step, presence }: Finding) => `${run} ${step ?? ROOT_JOB} ${presence}`

async function lookAt(engine: Engine, runs: readonly QuietRun[]): Promise<Look> {
  const found: Look = { suspects: [], mayCome: new Set(), isWhole: true }
  /** Jobs that are added only when they are due. */
  const late = new Set<DueJob>()
  /** Jobs that wait for others before they are due. */
  const waiting = new Set<DueJob>()
  const asked: DueJob[] = []
  for (const run of runs) {
    // Ended or paused since it was found, or being dispatched by this very process.
    if (isFinished(run.status) || run.status === 'paused' || engine.dispatching.has(run.id)) continue
    if (run.queueToken !== engine.queueLife.token) {
      found.suspects.push(missing(rootJobOf(run), 'missing', 'The run was not brought to the queue yet.'))
      continue
    }
    const workflow = await engine.versions.get(run.versionId)
    const due = dueSteps(run, workflow)
    if (due.length > STEPS_PER_RUN) found.isWhole = false
    const end = endJobOf(run, workflow)
    if (!isRootDue(run)) waiting.add(end)
    // Where a step's job sees to the end, the root job comes behind it, if at all.
    else if (closingStepOf(workflow) !== null) late.add(end)
    if (!due.some(({ step }) => step === end.step)) asked.push(end)
    for (const job of due) {
      if (isLate(workflow, { step: workflow.indexOf.get(job.address.step)!, epoch: run.epoch })) late.add(job)
    }
    asked.push(...dueChildren(run, workflow), ...due.slice(0, STEPS_PER_RUN))
  }
  await inSmallGroups(engine, asked, async (job) => {
    const presence = await presenceOf(engine, job)
    if (!isGone(presence) && (presence !== 'parked' || waiting.has(job))) return
    const finding = missing(job, presence, textOf(job, presence))
    found.suspects.push(finding)
    if (presence === 'parked' || late.has(job)) found.mayCome.add(finding)
  })
  return found
}

function missing(job: DueJob, presence: Finding['presence'], text: string): Finding {
  const { run, epoch } = job.address
  return { kind: 'missing_job', run, step: job.step, epoch, presence, text, job: null }
}

function textOf({ step }: DueJob, presence: Finding['presence']): string {
  const what = step === null ? 'The end of the run' : `Step ${step}`
  if (presence === 'missing') return `${what} needs a job, but the queue has none.`
  if (presence === 'finished') return `${what} is due, but the queue holds its job to be done.`
  return `${what} is due, but the queue holds its job back.`
}
