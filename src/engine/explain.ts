import {
  readAbleWorkers,
  readOpenApprovals,
  readRunFacts,
  readRunStatuses,
  readSlots,
  type RunFacts,
} from '../db/explain.ts'
import { ROOT_JOB, stepsQueue } from '../queue/names.ts'
import type { JobPresence } from '../queue/queue.ts'
import { withTimeout } from '../timeout.ts'
import type { CompiledWorkflow } from '../workflow/compile.ts'
import { explain, questionsAbout, type Explanation, type Questions } from '../workflow/explain.ts'
import type { KnownQueue, KnownRun, KnownStep } from '../workflow/known-run.ts'
import type { WaitingFor } from '../workflow/waiting-for.ts'
import { isGone } from './due-jobs.ts'
import type { Engine } from './engine.ts'
import { QUIET_MS } from './quiet.ts'

/**
 * Explains runs: gathers what Postgres says of a run, then asks the queue about the steps that are due, and only about
 * these. Nothing is locked and nothing changed.
 */

/** How long to wait for the queue. */
const QUEUE_TIMEOUT_MS = 1_000
/** Due steps whose jobs are looked for, and queues whose load is asked for. */
const JOBS_ASKED = 50
const QUEUES_ASKED = 20
/** A job that ends between the reads of Postgres and of the queue looks lost: whatever does is read again. */
const LOOKS = 2

/** A run's state with its explanation. */
export interface ExplainedRun extends Explanation {
  run: Pick<RunFacts, 'id' | 'status'>
}

/** Explains why a run, and each of its unsettled steps, does not go on; null if there is no such run. */
export async function explainRun(engine: Engine, runId: string): Promise<ExplainedRun | null> {
  for (let look = 1; ; look += 1) {
    const explained = await lookAt(engine, runId)
    if (explained === null || look === LOOKS || findUnexplained(explained) === null) return explained
  }
}

/** Where an explanation admits that it has none: the first such step, or (null) the run as a whole; null: nowhere. */
export function findUnexplained({ reasons, steps }: Explanation): { step: string | null; text: string } | null {
  const places = [{ step_id: null, chain: reasons }, ...steps]
  const bad = places.filter(({ chain }) => chain.at(-1)?.kind === 'unexplained')
  // Rather the step itself than one that waits for it.
  const first = bad.find(({ chain }) => chain.every(({ kind }) => kind !== 'step')) ?? bad[0]
  return first === undefined ? null : { step: first.step_id, text: first.chain.at(-1)?.text ?? '' }
}

async function lookAt(engine: Engine, runId: string): Promise<ExplainedRun | null> {
  const { db, lockDurationMs } = engine
  const facts = await readRunFacts(db, runId, { prefix: engine.queue.connection.prefix, lockDurationMs })
  if (facts === null) return null
  const workflow = await engine.versions.get(facts.versionId)
  const known = await knownRun(engine, workflow, facts)
  const questions = questionsAbout(workflow, known)
  const actions = [...new Set(questions.due.flatMap(({ action }) => action ?? []))]
  const [workers, queue] = await Promise.all([
    readAbleWorkers(db, actions, lockDurationMs),
    askQueue(engine, known, questions, facts.epoch),
  ])
  return { run: facts, ...explain(workflow, { ...known, workers, queue }) }
}

async function knownRun(engine: Engine, workflow: CompiledWorkflow, facts: RunFacts): Promise<KnownRun> {
  const parked = [...facts.busy, ...facts.children]
  const [approvals, childRuns, held] = await Promise.all([
    readOpenApprovals(
      engine.db,
      waitedFor(parked, 'approval', (waiting) => waiting.approval_id),
    ),
    readRunStatuses(
      engine.db,
      waitedFor(parked, 'run', (waiting) => waiting.run_id),
    ),
    heldBack(engine, workflow, facts),
  ])
  return {
    id: facts.id,
    status: facts.status,
    error: facts.error,
    now: facts.now,
    isQuiet: facts.quietMs > QUIET_MS,
    held,
    statuses: facts.statuses,
    busy: facts.busy,
    children: facts.children,
    items: new Map(facts.items.map(({ index, ...counts }) => [index, counts])),
    approvals: new Map(approvals.map(({ id, ...approval }) => [id, approval])),
    childRuns,
    queue: { ...NOTHING_KNOWN, trouble: isOnItsWay(engine, facts) ? 'The run is being brought to the queue.' : null },
    workers: [],
  }
}

function waitedFor<Kind extends WaitingFor['kind']>(
  steps: readonly KnownStep[],
  kind: Kind,
  idOf: (waiting: Extract<WaitingFor, { kind: Kind }>) => string,
): string[] {
  return steps.flatMap(({ waitingFor }) =>
    waitingFor?.kind === kind ? [idOf(waitingFor as Extract<WaitingFor, { kind: Kind }>)] : [],
  )
}

function isOnItsWay(engine: Engine, { id, isInQueue, isAdmitted, status }: RunFacts): boolean {
  return isAdmitted && status !== 'paused' && (!isInQueue || engine.dispatching.has(id))
}

async function heldBack(engine: Engine, { definition }: CompiledWorkflow, facts: RunFacts): Promise<KnownRun['held']> {
  const { isAdmitted, startAt, concurrencyKey, now } = facts
  if (isAdmitted) return null
  if (startAt !== null && Date.parse(startAt) > Date.parse(now)) return { kind: 'start', at: startAt }
  const slots = concurrencyKey === null ? { heldBy: [], ahead: 0 } : await readSlots(engine.db, facts)
  return { kind: 'slot', key: shownKey(concurrencyKey), limit: definition.concurrency?.limit ?? 0, ...slots }
}

/** A key is stored as canonical JSON; of a text people know the text. */
function shownKey(key: string | null): string {
  return key?.startsWith('"') ? (JSON.parse(key) as string) : (key ?? '')
}

const NOTHING_KNOWN: KnownQueue = {
  trouble: null,
  lost: new Set(),
  isRootLost: false,
  paused: new Set(),
  active: new Map(),
}

async function askQueue(
  engine: Engine,
  run: KnownRun,
  { due, isEnding }: Questions,
  epoch: number,
): Promise<KnownQueue> {
  const { queue } = engine
  if (run.queue.trouble !== null || (due.length === 0 && !isEnding)) return run.queue
  // Of a run in which something happens, the jobs are on their way.
  const asked = run.isQuiet ? due.slice(0, JOBS_ASKED) : []
  const names = [...new Set(due.map((step) => step.queue))].slice(0, QUEUES_ASKED)
  // One after the other: on Postgres, what is asked at once takes connections that are kept.
  const ask = async (): Promise<KnownQueue> => {
    const [lost, paused, active] = [new Set<string>(), new Set<string>(), new Map<string, number>()]
    for (const step of asked) {
      if (isLost(await queue.stepPresence({ run: run.id, step: step.carrier, epoch }, step.queue))) lost.add(step.id)
    }
    for (const name of names) {
      if (await queue.isPaused(stepsQueue(name))) paused.add(name)
      active.set(name, await queue.stepQueue(name).getActiveCount())
    }
    const isRootAsked = isEnding && run.isQuiet
    const root = isRootAsked ? await queue.rootPresence({ run: run.id, step: ROOT_JOB, epoch }) : undefined
    return { trouble: null, lost, isRootLost: isLost(root), paused, active }
  }
  try {
    return await withTimeout(ask(), QUEUE_TIMEOUT_MS)
  } catch (error) {
    engine.log.warn({ err: error, run: run.id }, 'the queue did not say what it knows of a run')
    return { ...run.queue, trouble: 'The queue does not answer.' }
  }
}

function isLost(presence: JobPresence | undefined): boolean {
  return presence !== undefined && (isGone(presence) || presence === 'parked')
}
