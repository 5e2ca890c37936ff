import type { RunStatus, StepStatus } from './states.ts'

/**
 * Why a run or a step does not go on, as `GET /runs/{id}/why` shows it: a kind, its fields, and a sentence. Times are ISO
 * 8601.
 */
export type Reason = { text: string } & ReasonFields

/** A reason without its sentence. */
export type ReasonFields =
  /** `skipped`: steps in between that are left out. */
  | { kind: 'step'; step_id: string; status: StepStatus; skipped?: number }
  | {
      kind: 'approval'
      approval_id: string
      approvers: string[] | null
      quorum: number
      approved_by: string[]
      expires_at: string | null
    }
  | { kind: 'event'; name: string; match?: string; expires_at: string | null }
  | { kind: 'timer'; until: string }
  /** `status` null: the child run is about to start. */
  | { kind: 'run'; run_id: string; status: RunStatus | null }
  | { kind: 'items'; total: number; settled: number; running: number; failed: number; concurrency: number | null }
  | { kind: 'slot'; key: string; limit: number; held_by: string[]; ahead: number }
  | { kind: 'start'; at: string }
  | { kind: 'worker'; queue: string; action: string | null; alive: number; busy: number }
  | { kind: 'retry'; at: string; attempt: number; error: string | null }
  | { kind: 'running'; worker: string | null; since: string | null; attempt: number }
  | { kind: 'paused' }
  | { kind: 'cancelling' }
  | { kind: 'queue' }
  | { kind: 'unexplained' }

/** A kind of reason. */
export type ReasonKind = Reason['kind']

/**
 * How little a thing comes about by itself: of several that a step waits for, the chain follows the highest, since what
 * works and what the clock brings need nobody.
 */
const PERSISTENCE: Record<ReasonKind, number> = {
  running: 0,
  step: 0,
  items: 1,
  retry: 1,
  cancelling: 1,
  timer: 2,
  run: 3,
  start: 3,
  slot: 4,
  event: 5,
  approval: 6,
  queue: 7,
  worker: 7,
  paused: 8,
  unexplained: 9,
}

/** {@link PERSISTENCE} of the last of some reasons, which is at the root; -1 of none. */
export function persistenceOf(reasons: readonly Reason[]): number {
  const root = reasons.at(-1)
  return root === undefined ? -1 : PERSISTENCE[root.kind]
}

/** Most names, or ids, that a sentence tells one by one. */
const NAMES_TOLD = 10
/** Most characters of an error that are told. */
const ERROR_CHARACTERS = 500

type Fields<Kind extends ReasonKind> = Omit<Extract<ReasonFields, { kind: Kind }>, 'kind'>

/** A step waits for another, directly or with `skipped` steps in between. */
export function waitsForStep(id: string, fields: Fields<'step'>): Reason {
  const { step_id: other, status, skipped } = fields
  const way = skipped === undefined ? '' : `, by way of ${count(skipped, 'more step')},`
  return { kind: 'step', ...fields, text: `Step ${id} waits${way} for step ${other}, which is ${status}.` }
}

/** A step waits for people. */
export function waitsForApproval(id: string, fields: Fields<'approval'>): Reason {
  const { approvers, quorum, approved_by: approved, expires_at: expiresAt } = fields
  const who = approvers === null ? 'anyone' : listed(approvers, 'or')
  const many = quorum > 1 ? `${quorum} approvals` : 'an approval'
  const so = approved.length === 0 ? '' : `; approved so far by ${listed(approved, 'and')}`
  return { kind: 'approval', ...fields, text: `Step ${id} waits for ${many} by ${who}${so}${until(expiresAt)}.` }
}

/** A step waits for an event. */
export function waitsForEvent(id: string, fields: Fields<'event'>): Reason {
  const { name, match, expires_at: expiresAt } = fields
  const which = match === undefined ? '' : ` that matches ${match}`
  return { kind: 'event', ...fields, text: `Step ${id} waits for an event "${name}"${which}${until(expiresAt)}.` }
}

/** A step waits for a time. */
export function waitsForTime(id: string, time: string): Reason {
  return { kind: 'timer', until: time, text: `Step ${id} waits until ${time}.` }
}

/** A step waits for a child run. */
export function waitsForRun(id: string, fields: Fields<'run'>): Reason {
  const how = fields.status === null ? 'is about to start' : `is ${fields.status}`
  return { kind: 'run', ...fields, text: `Step ${id} waits for its child run ${fields.run_id}, which ${how}.` }
}

/** A map waits for its items. */
export function waitsForItems(id: string, fields: Fields<'items'>): Reason {
  return { kind: 'items', ...fields, text: `Step ${id} waits for its items: ${progressText(fields)}.` }
}

/** An item waits until the concurrency of its map has room for it. */
export function waitsForTurn(id: string, mapId: string, fields: Fields<'items'>): Reason {
  const most = `at most ${count(fields.concurrency ?? fields.total, 'item')} of ${mapId} may be under way at once`
  return { kind: 'items', ...fields, text: `Item ${id} waits for its turn: ${most}; ${progressText(fields)}.` }
}

function progressText({ total, settled, running, failed }: Fields<'items'>): string {
  const bad = failed === 0 ? '' : ` (${failed} of them failed)`
  return `${settled} of ${total} have settled${bad}, ${running} ${running === 1 ? 'is' : 'are'} running`
}

/** A run waits for a slot of its workflow's concurrency. */
export function waitsForSlot(fields: Fields<'slot'>): Reason {
  const { key, limit, held_by: holders, ahead } = fields
  const slots = `${count(limit, 'slot')}${key === '' ? '' : ` of key "${key}"`}`
  const more = holders.length >= NAMES_TOLD && limit > holders.length ? ', among others' : ''
  const held = holders.length === 0 ? 'one is free' : `held by ${listed(holders, 'and')}${more}`
  const others = ahead === 0 ? '' : `; ${count(ahead, 'older run')} ${ahead === 1 ? 'is' : 'are'} ahead of it`
  return { kind: 'slot', ...fields, text: `The run waits for one of ${slots}: ${held}${others}.` }
}

/** A run waits for its `start_at`. */
export function waitsForStart(at: string): Reason {
  return { kind: 'start', at, text: `The run does not start before ${at}.` }
}

/** A step waits for a worker: there is none, they are busy, or one is about to take it. */
export function waitsForWorker(id: string, fields: Fields<'worker'>): Reason {
  const { queue, action, alive, busy } = fields
  const kind = `worker of queue ${queue}${action === null ? '' : ` that offers action ${action}`}`
  const text =
    alive === 0
      ? `Step ${id} waits for a ${kind}: none is alive.`
      : busy >= alive
        ? `Step ${id} waits for a ${kind}: ${alive === 1 ? 'the one that is alive is' : `all ${alive} that are alive are`} busy.`
        : `Step ${id} is about to be taken by a ${kind}: ${alive} ${alive === 1 ? 'is' : 'are'} alive.`
  return { kind: 'worker', ...fields, text }
}

/** A step waits for its next attempt. */
export function waitsForRetry(id: string, fields: Fields<'retry'>): Reason {
  const error = fields.error === null ? null : cut(fields.error)
  const why = error === null ? '' : `: ${error}`
  const text = `Attempt ${fields.attempt} of step ${id} failed${why}. The next is due at ${fields.at}.`
  return { kind: 'retry', ...fields, error, text }
}

/** A step is being worked on; `isAlive`: its worker beats. */
export function isRunning(id: string, fields: Fields<'running'>, isAlive: boolean): Reason {
  const { worker, since, attempt } = fields
  const on = worker === null ? '' : ` on worker ${worker}`
  const text = isAlive
    ? `Step ${id} has been running${on} since ${since} (attempt ${attempt}).`
    : `Attempt ${attempt} of step ${id} began${on} at ${since}, and its worker has fallen silent or stopped: another one takes the step over.`
  return { kind: 'running', ...fields, text }
}

/** The run is paused. */
export function isPaused(): Reason {
  return { kind: 'paused', text: 'The run is paused: it starts no further step until it is resumed.' }
}

/** The run is being cancelled. */
export function isCancelling(): Reason {
  return { kind: 'cancelling', text: 'The run is being cancelled: what still runs has been told to stop.' }
}

/** The queue is not there for the step. */
export function waitsForQueue(text: string): Reason {
  return { kind: 'queue', text }
}

/** Nothing known explains it: a fault, which the sweep repairs. */
export function isUnexplained(what: string): Reason {
  return {
    kind: 'unexplained',
    text: `Nothing explains why ${what}: the sweep will dispatch the run anew, and log that it did.`,
  }
}

function until(time: string | null): string {
  return time === null ? '' : `, until ${time}`
}

/** Kept, since making one takes longer than anything else here. */
const NUMBERS = new Intl.NumberFormat('en')

/** `1 step`, `9,993 steps`. */
export function count(number: number, noun: string): string {
  return `${NUMBERS.format(number)} ${noun}${number === 1 ? '' : 's'}`
}

function listed(names: readonly string[], word: 'and' | 'or'): string {
  const shown = names.slice(0, NAMES_TOLD)
  const rest = names.length - shown.length
  const all = rest > 0 ? [...shown, `${rest} more`] : shown
  return all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} ${word} ${all.at(-1)}`
}

function cut(text: string): string {
  return text.length <= ERROR_CHARACTERS ? text : `${text.slice(0, ERROR_CHARACTERS)}…`
}
