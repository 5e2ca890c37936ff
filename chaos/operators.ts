import { setTimeout as sleep } from 'node:timers/promises'
import { Refused, type ApiRequest, type Client } from './client.ts'
import type { AcceptedRun, AskedControl } from './ledger.ts'
import type { Random } from './random.ts'
import type { Workload } from './workloads.ts'

/** What operators do to runs, beside those that begin them. */
export type Control = 'pause' | 'resume' | 'cancel' | 'retry'

/** A control that is to be asked for so long after the one before it, or after the begin of its run. */
export interface PlannedControl {
  control: Control
  /** The step that a retry is to repeat the run from, when it has ended, or while it is paused. */
  from?: string
  whilePaused?: boolean
  afterMs: number
  /** Two ask for it at the same moment. */
  isContested?: boolean
  /** It is asked for of the child run of the run's `workflow` step. */
  ofChild?: boolean
}

/** One control of so many is contested. */
const CONTESTED = 0.3
/** Within so long after the begin of a run somebody meddles with it, if at all: while most are under way. */
const MEDDLED_WITHIN_MS = 1_500
/** Some pauses last longer than a worker may go on by what it has foreseen, see the checker. */
const LONGEST_PAUSE_MS = 6_000
const CHECK_EVERY_MS = 250
/** A child run lasts a tenth of a second. */
const CHILD_EVERY_MS = 20

/**
 * What is done to a run, drawn from `random`; nothing to most. Whoever pauses one lets it go on, from one of its steps or from
 * where it is, or cancels it; one that needs to be repaired is retried until it is.
 */
export function planControls(load: Workload, random: Random): PlannedControl[] {
  const { isRepaired, repeatedFrom, definition, ends } = load
  const [dice, soonMs, later] = [random.next(), random.between(0, MEDDLED_WITHIN_MS), random.next()]
  const isContested = random.next() < CONTESTED
  const pause: PlannedControl = { control: 'pause', afterMs: soonMs, isContested }
  const resume: PlannedControl = { control: 'resume', afterMs: later * LONGEST_PAUSE_MS, isContested }
  const cancel: PlannedControl = { control: 'cancel', afterMs: soonMs, isContested }
  const retry: PlannedControl = { control: 'retry', afterMs: later * 300, isContested }
  // Twice: what was cancelled before it could fail does so behind the first.
  const last = isRepaired === true ? [retry, retry] : []
  if (dice < 0.12) return [pause, resume, ...last]
  if (dice < 0.16) return [cancel, ...last]
  if (dice < 0.22) return [cancel, retry, ...last]
  if (dice < 0.25) return [pause, { ...cancel, afterMs: resume.afterMs }, retry, ...last]
  if (dice < 0.4 && repeatedFrom !== undefined) {
    // Of two who repeat a run the second counts, too: it finds the run under way.
    const repeat = { ...retry, from: random.pick(repeatedFrom), isContested: false }
    if (dice < 0.32) return [repeat, ...last]
    return [pause, { ...repeat, afterMs: resume.afterMs, whilePaused: true }, ...last]
  }
  if (dice < 0.65 && ends === 'completed' && definition.steps.some(({ type }) => type === 'workflow')) {
    const [soon, ofChild] = [{ afterMs: 0 }, true]
    if (dice < 0.5)
      return [
        { ...pause, ...soon, ofChild },
        { ...resume, ofChild },
      ]
    return [{ ...cancel, ...soon, ofChild }, retry]
  }
  return last
}

/** Who is asked, about which run, and what hears of the outcome. */
export interface Operation {
  client: Client
  load: Workload
  run: AcceptedRun
  /** Takes what was asked for. */
  asked: AskedControl[]
  /** Sends the events of the run once more: it may have taken none while it was cancelled. */
  sendEvents: () => Promise<void>
  signal: AbortSignal
}

/** Does what is planned, as far as the run has not ended before; notes what the run must end as from then on. */
export async function operate(operation: Operation, plan: readonly PlannedControl[]): Promise<void> {
  const { load, run, signal } = operation
  let isPaused = false
  for (const planned of plan) {
    const { control, afterMs, from, whilePaused, ofChild } = planned
    await sleep(afterMs, undefined, { signal })
    if ((control === 'resume' || whilePaused === true) && !isPaused) continue
    const id = ofChild === true ? await childOf(operation) : run.ids[0]
    if (id === undefined) continue
    const isOfEnded = control === 'retry' && whilePaused !== true
    if (isOfEnded && (await untilEnded(operation, run.ids[0]!)) === 'completed' && from === undefined) continue
    if (!(await ask(operation, id, planned))) continue
    isPaused = control === 'pause'
    // The step whose child run was cancelled fails.
    if (control === 'cancel') Object.assign(run, { ends: ofChild === true ? 'failed' : 'cancelled', order: null })
    if (control === 'retry') {
      Object.assign(run, { ends: load.ends, order: load.order ?? null })
      await operation.sendEvents()
    }
  }
}

/** Cancels a run that has not ended, retries it, and cancels it again: as one of those that bear its tag. */
export async function cancelTwice(operation: Pick<Operation, 'client' | 'run' | 'asked' | 'signal'>): Promise<void> {
  const id = operation.run.ids[0]!
  await controlByTag(operation, 'cancel')
  await untilEnded(operation, id)
  await controlByTag(operation, 'retry')
  await until(operation, id, (status) => !isOver(status))
  await controlByTag(operation, 'cancel')
}

/** Whatever the answer was, it is carried out: an earlier try may have been accepted, whose answer got lost. */
async function controlByTag(
  { client, run, asked }: Pick<Operation, 'client' | 'run' | 'asked'>,
  control: 'cancel' | 'retry',
): Promise<void> {
  const note: AskedControl = { runId: run.ids[0]!, control, from: null, tries: 0, counted: 0 }
  asked.push(note)
  const { matched } = await client.ask<{ matched: number }>({
    method: 'POST',
    path: '/runs/bulk',
    body: { action: control, filter: { tag: run.key } },
    onSend: () => (note.tries += 1),
  })
  note.counted = matched
}

/** The child run of the `workflow` step of a run, once it has one; undefined where the run ends without. */
async function childOf({ client, run, signal }: Operation): Promise<string | undefined> {
  for (;;) {
    const { status, steps } = await client.ask<{ status: string; steps: { child_run_id: string | null }[] }>({
      path: `/runs/${run.ids[0]}`,
    })
    const child = steps.find(({ child_run_id: id }) => id !== null)?.child_run_id
    if (typeof child === 'string') return child
    if (isOver(status)) return undefined
    await sleep(CHILD_EVERY_MS, undefined, { signal })
  }
}

function isOver(status: string): boolean {
  return ['completed', 'failed', 'cancelled'].includes(status)
}

/** Waits until a run has ended; what it ended as. */
export function untilEnded(operation: Pick<Operation, 'client' | 'signal'>, id: string): Promise<string> {
  return until(operation, id, isOver)
}

/** Waits until a run has a status that suits; which one. */
async function until(
  { client, signal }: Pick<Operation, 'client' | 'signal'>,
  id: string,
  suits: (status: string) => boolean,
): Promise<string> {
  for (;;) {
    const { status } = await client.ask<{ status: string }>({ path: `/runs/${id}` })
    if (suits(status)) return status
    await sleep(CHECK_EVERY_MS, undefined, { signal })
  }
}

/** States in which a run is once a control has counted; `retry`: any that is not the end of the round before. */
const AFTER: Record<Control, readonly string[]> = {
  pause: ['paused'],
  resume: ['queued', 'running', 'waiting', 'completed', 'failed'],
  cancel: ['cancelling', 'cancelled'],
  retry: ['queued', 'running', 'waiting', 'completed'],
}

/**
 * Whether a control has counted: it was answered so, or is refused since an earlier try has, of which the answer got lost.
 * Throws where it is refused although nobody else is at the run.
 */
async function ask(operation: Operation, id: string, planned: PlannedControl): Promise<boolean> {
  const { client, load, asked } = operation
  const { control, from, isContested } = planned
  const note: AskedControl = { runId: id, control, from: from ?? null, tries: 0, counted: 0 }
  asked.push(note)
  const request = {
    method: 'POST',
    path: `/runs/${id}/${control}`,
    ...(from === undefined ? {} : { body: { from } }),
    onSend: () => (note.tries += 1),
  } as const
  const askers = isContested === true ? 2 : 1
  const refusals = (await Promise.all(Array.from({ length: askers }, () => refusalOf(client, request)))).flat()
  note.counted = askers - refusals.length
  if (note.counted > 0) return true
  const isDone = note.tries > askers && refusals.some(({ state }) => AFTER[control].includes(state ?? ''))
  if (!isDone && !mayBeRefused(control, load)) throw refusals[0]!
  note.counted = isDone ? 1 : 0
  return isDone
}

/** The conflict that a request is answered with; none where it counts. */
async function refusalOf(client: Client, request: ApiRequest): Promise<Refused[]> {
  try {
    await client.ask(request)
    return []
  } catch (error) {
    if (error instanceof Refused && error.status === 409) return [error]
    throw error
  }
}

/** A run may have ended before it is paused or cancelled; and one that undoes what it has done is not retried. */
function mayBeRefused(control: Control, { definition }: Workload): boolean {
  if (control === 'resume') return false
  return control !== 'retry' || JSON.stringify(definition.steps).includes('"compensate"')
}
