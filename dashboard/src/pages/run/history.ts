import type { Approval, Order, Run, RunControl, RunEvent, StepDetail } from '../../api/shapes.ts'
import { durationText } from '../../parts/time-text.ts'
import type { AnyStatus } from '../../parts/status.ts'
import { isFinished, isSettled } from '../../../../src/workflow/states.ts'
import { shortId } from '../../parts/short-id.ts'
import type { HistoryKind } from './search-words.ts'

/** Something that happened in a run. */
export interface HistoryEntry {
  key: string
  /** ISO 8601. */
  at: string
  kind: HistoryKind
  text: string
  /** What it has become by that, for its icon. */
  status: AnyStatus | undefined
  stepId: string | undefined
  isBad: boolean
}

/** What is known of a run, each part as far as it has been read. */
export interface HistorySources {
  run: Run
  controls: readonly RunControl[]
  approvals: readonly Approval[]
  events: readonly RunEvent[]
  order: Order | undefined
  /** Steps whose attempts are known; of the others only the last begin and the end is told. */
  details: readonly StepDetail[]
}

/** All that happened in a run, oldest first; what happened at the same moment in the order of its causes. */
export function historyOf(sources: HistorySources): HistoryEntry[] {
  const known = new Map(sources.details.map((detail) => [detail.step_id, detail]))
  const entries = [
    ...ofRun(sources.run),
    ...sources.controls.flatMap(ofControl),
    ...sources.events.flatMap(ofEvent),
    ...sources.approvals.flatMap(ofApproval),
    ...sources.run.steps.flatMap((step) => ofStep(step, known.get(step.step_id))),
    ...ofOrder(sources.order, sources.run.id),
  ]
  return entries.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
}

interface Told {
  key: string
  at: string | null
  kind: HistoryKind
  text: string
  status?: AnyStatus
  stepId?: string | null
  isBad?: boolean
}

/** An entry, where its moment has come. */
function tell({ key, at, kind, text, status, stepId, isBad = false }: Told): HistoryEntry[] {
  return at === null ? [] : [{ key, at, kind, text, status, stepId: stepId ?? undefined, isBad }]
}

function ofRun(run: Run): HistoryEntry[] {
  const origin =
    run.rerun_of !== null
      ? `, as a rerun of ${shortId(run.rerun_of)}`
      : run.parent_run_id !== null
        ? `, by a step of run ${shortId(run.parent_run_id)}`
        : ''
  const begin = [
    ...tell({
      key: 'run created',
      at: run.created_at,
      kind: 'run',
      text: `The run was created${origin}`,
      status: 'queued',
    }),
    ...tell({ key: 'run started', at: run.started_at, kind: 'run', text: 'The run started', status: 'running' }),
  ]
  if (!isFinished(run.status)) return begin
  const why = run.error === null ? '' : `: ${run.error.message}`
  return [
    ...begin,
    ...tell({
      key: 'run ended',
      at: run.completed_at,
      kind: 'run',
      text: `The run ended ${run.status}${why}`,
      status: run.status,
      isBad: run.status === 'failed',
    }),
  ]
}

/** What each control did, and what the run was from then on. */
const CONTROLS: Record<RunControl['control'], { did: string; status: AnyStatus }> = {
  pause: { did: 'paused', status: 'paused' },
  resume: { did: 'resumed', status: 'running' },
  cancel: { did: 'cancelled', status: 'cancelling' },
  retry: { did: 'retried', status: 'queued' },
}

function ofControl({ control, from, with_parent: withParent, at }: RunControl, index: number): HistoryEntry[] {
  const { did, status } = CONTROLS[control]
  const what = `Somebody ${did} ${withParent ? 'a run above this one, and this with it' : 'the run'}`
  return tell({
    key: `control ${index}`,
    at,
    kind: 'control',
    text: from === null ? what : `${what} from ${from} on`,
    status,
    stepId: from,
  })
}

function ofStep(step: Run['steps'][number], detail: StepDetail | undefined): HistoryEntry[] {
  const { step_id: id, status } = step
  const attempts = detail?.attempts.flatMap((attempt) => ofAttempt(id, attempt, isEndOf(step, attempt)))
  const begin =
    attempts ??
    tell({ key: `${id} began`, at: step.started_at, kind: 'step', text: `${id} began`, status: 'running', stepId: id })
  if (!isSettled(status)) return begin
  const why = step.error_message ?? step.reason
  return [
    ...begin,
    ...tell({
      key: `${id} settled`,
      at: step.completed_at,
      kind: 'step',
      text: `${id} ${status === 'completed' || status === 'failed' ? status : `was ${status}`}${why === null ? '' : `: ${why}`}`,
      status,
      stepId: id,
      isBad: status === 'failed',
    }),
  ]
}

/** Whether the step settled with an attempt, and as it did: others were set back by a retry, or lost. */
function isEndOf(step: Run['steps'][number], attempt: StepDetail['attempts'][number]): boolean {
  return attempt.attempt === step.attempt && attempt.status === step.status
}

/** `isToldByStep`: how the attempt ended is how its step did. */
function ofAttempt(stepId: string, attempt: StepDetail['attempts'][number], isToldByStep: boolean): HistoryEntry[] {
  const name = attempt.attempt === 1 ? `${stepId} began` : `Attempt ${attempt.attempt} of ${stepId} began`
  const on = attempt.worker === null ? '' : ` on worker ${attempt.worker}`
  const begin = tell({
    key: `${stepId} attempt ${attempt.attempt}`,
    at: attempt.started_at,
    kind: 'attempt',
    text: `${name}${on}`,
    status: 'running',
    stepId,
  })
  if (attempt.status === 'running' || isToldByStep) return begin
  const why = attempt.error === null ? '' : `: ${attempt.error.message}`
  return [
    ...begin,
    ...tell({
      key: `${stepId} attempt ${attempt.attempt} ended`,
      at: attempt.completed_at,
      kind: 'attempt',
      text: `Attempt ${attempt.attempt} of ${stepId} ${endOf(attempt.status)}${why}${backoffText(attempt)}`,
      status: attempt.status,
      stepId,
      isBad: attempt.status === 'failed' || attempt.status === 'lost',
    }),
  ]
}

function endOf(status: string): string {
  return status === 'lost' ? 'was lost with its worker' : status === 'cancelled' ? 'was cancelled' : status
}

/** How long after an attempt the next one is due: `; the next 2 s later`. */
function backoffText({ completed_at: end, retry_at: next }: StepDetail['attempts'][number]): string {
  return end === null || next === null
    ? ''
    : `; the next is due ${durationText(Date.parse(next) - Date.parse(end))} later`
}

function ofApproval(approval: Approval): HistoryEntry[] {
  const { id, step_id: stepId, status } = approval
  const closed = status === 'expired' || status === 'void'
  return [
    ...tell({
      key: `${id} asked`,
      at: approval.created_at,
      kind: 'approval',
      text: `${stepId} asked for ${approval.quorum > 1 ? `${approval.quorum} approvals` : 'an approval'}`,
      status: 'open',
      stepId,
    }),
    ...approval.decisions.flatMap((decision, index) =>
      tell({
        key: `${id} decision ${index}`,
        at: decision.at,
        kind: 'approval',
        text: `${decision.by ?? 'Someone'} ${decision.approved ? 'approved' : 'rejected'} ${stepId}${decision.comment ? `: ${decision.comment}` : ''}`,
        status: decision.approved ? 'approved' : 'rejected',
        stepId,
        isBad: !decision.approved,
      }),
    ),
    ...tell({
      key: `${id} closed`,
      at: closed ? approval.decided_at : null,
      kind: 'approval',
      text: status === 'expired' ? `Nobody decided about ${stepId} in time` : `What ${stepId} asked is void`,
      status,
      stepId,
    }),
  ]
}

function ofEvent(event: RunEvent): HistoryEntry[] {
  const { id, name } = event
  return [
    ...tell({ key: `${id} came`, at: event.created_at, kind: 'event', text: `Event ${name} came` }),
    ...tell({ key: `${id} taken`, at: event.taken_at, kind: 'event', text: `A step took event ${name}` }),
  ]
}

function ofOrder(order: Order | undefined, runId: string): HistoryEntry[] {
  if (order === undefined) return []
  return order.history.flatMap((change, index) =>
    change.run_id !== runId
      ? []
      : tell({
          key: `order ${index}`,
          at: change.at,
          kind: 'order',
          text: `The order became ${change.status}`,
          status: change.status,
          stepId: change.step_id,
        }),
  )
}
