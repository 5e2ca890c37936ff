import { findStep } from './child-step.ts'
import { carrierOf } from './carrier.ts'
import type { CompiledStep, CompiledWorkflow } from './compile.ts'
import type { KnownRun, KnownStep } from './known-run.ts'
import {
  count,
  isCancelling,
  isPaused,
  isRunning,
  isUnexplained,
  persistenceOf,
  waitsForApproval,
  waitsForEvent,
  waitsForItems,
  waitsForQueue,
  waitsForRetry,
  waitsForRun,
  waitsForSlot,
  waitsForStart,
  waitsForStep,
  waitsForTime,
  waitsForTurn,
  waitsForWorker,
  type Reason,
} from './reasons.ts'
import { isFinished, isSettled, type StepStatus } from './states.ts'

/**
 * Why a run does not go on: from what Postgres and the queue say, a chain of reasons for each unsettled step, from the
 * step to its root cause. Of several things that a step waits for the chain follows one. Every step is looked at once, in
 * topological order, and points to the step that it waits for, so a run of 10,000 steps takes about 0.1 s and no chain
 * can go round in a circle.
 */

/**
 * Most `step` reasons of one chain: of a longer one the beginning and the root cause are shown. Of a run with many unsettled
 * steps they are shorter, so that the answer stays below 10 MB.
 */
export const CHAIN_STEPS = { ofFew: 20, ofMany: 4 }
const FEW_STEPS = 500

/** Why a run and its steps do not go on. */
export interface Explanation {
  text: string
  /** Of the run as a whole. */
  reasons: Reason[]
  /** Unsettled steps, in order. */
  steps: ExplainedStep[]
}

/** Why a step does not go on. */
export interface ExplainedStep {
  step_id: string
  status: StepStatus
  text: string
  /** From the step to the root cause. */
  chain: Reason[]
}

/** What {@link questionsAbout} asks for. */
export interface Questions {
  /** Steps whose jobs should be about to come up. */
  due: DueStep[]
  /** Whether all has settled, so that the root job should end the run. */
  isEnding: boolean
}

/** A step whose job should be about to come up. */
interface DueStep {
  id: string
  /** The step whose job runs it. */
  carrier: string
  queue: string
  action: string | null
}

/** Explains a run. Total: every combination of facts has an answer, and nothing is thrown. */
export function explain(workflow: CompiledWorkflow, run: KnownRun): Explanation {
  if (isFinished(run.status)) return { text: endText(run), reasons: [], steps: [] }
  const nodes = buildNodes(workflow, run)
  const reasons = runReasons(run, nodes)
  const most = nodes.length <= FEW_STEPS ? CHAIN_STEPS.ofFew : CHAIN_STEPS.ofMany
  const steps = nodes.map((node) => show(node, most))
  return { text: runText(run, reasons, nodes), reasons, steps }
}

/** What the queue and its workers must be asked before a run can be explained. */
export function questionsAbout(workflow: CompiledWorkflow, run: KnownRun): Questions {
  if (isFinished(run.status) || !canStart(run)) return { due: [], isEnding: false }
  const nodes = buildNodes(workflow, run)
  const due = nodes.filter((node) => node.isDue)
  return {
    due: due.map(({ id, step }) => ({
      id,
      carrier: carrierOf(workflow, step).id,
      queue: step.queue,
      action: step.action,
    })),
    isEnding: nodes.length === 0,
  }
}

/** A step as a link of chains. */
interface Node {
  index: number
  id: string
  status: StepStatus
  step: CompiledStep
  /** What can be said without looking at other steps. */
  own: Reason[]
  isDue: boolean
  /** The step that it waits for, if any, and the sentence about that. */
  next: Node | null
  link: Reason | null
  /** The end of the chain, null where the step is that itself; and how many links lead to it. */
  root: Node | null
  depth: number
  persistence: number
}

function buildNodes(workflow: CompiledWorkflow, run: KnownRun): Node[] {
  const children = childNodes(workflow, run)
  const known = new Map(run.busy.map((step) => [step.index, step]))
  const byIndex = new Map<number, Node>()
  for (const index of workflow.plan.order) {
    const status = run.statuses[index]
    const step = workflow.steps[index]
    if (step === undefined || status === undefined || isSettled(status)) continue
    const row = known.get(index)
    const blockers = (workflow.plan.dependencies[index] ?? []).flatMap((other) => byIndex.get(other) ?? [])
    const parts = row === undefined ? untouched(run, step, blockers) : begun(run, step, row, children.firstOf(index))
    byIndex.set(index, link({ index, id: step.id, status, step }, parts))
  }
  return [...byIndex.values(), ...children.nodes].toSorted((a, b) => a.index - b.index)
}

/** What stands at a step: reasons of its own, whether its job is due, and the step that it waits for. */
interface Parts {
  own: Reason[]
  isDue: boolean
  next?: Node | null | undefined
}

function link(place: Pick<Node, 'index' | 'id' | 'status' | 'step'>, { own, isDue, next = null }: Parts): Node {
  const { index, id, status, step } = place
  const persistence = Math.max(persistenceOf(own), next?.persistence ?? -1)
  return {
    index,
    id,
    status,
    step,
    own,
    isDue,
    next,
    persistence,
    link: next && waitsForStep(id, { step_id: next.id, status: next.status }),
    root: next && rootOf(next),
    depth: next === null ? 0 : next.depth + 1,
  }
}

function rootOf(node: Node): Node {
  return node.root ?? node
}

/** Items and compensations, and of each map the item that its chain follows. */
function childNodes(workflow: CompiledWorkflow, run: KnownRun) {
  const chosen = new Map<number, Node>()
  const nodes: Node[] = []
  // An item's row comes behind that of its map, also where that is an item itself.
  for (const row of run.children.filter((child) => child.itemIndex !== null).toReversed()) {
    const found = findStep(workflow, row.id)
    if (found === null) continue
    const node = link(
      { index: row.index, id: row.id, status: row.status, step: found.step },
      itemParts(workflow, run, row, { step: found.step, mapId: found.parentId ?? '', item: chosen.get(row.index) }),
    )
    nodes.push(node)
    const rival = chosen.get(row.parentIndex ?? -1)
    // Backwards, so that of two alike the first of the map counts.
    if (rival === undefined || node.persistence >= rival.persistence) chosen.set(row.parentIndex ?? -1, node)
  }
  let before: Node | undefined
  for (const row of run.children.filter((child) => child.itemIndex === null)) {
    const found = findStep(workflow, row.id)
    if (found === null) continue
    const { step } = found
    const parts =
      row.status === 'pending' ? untouched(run, step, before === undefined ? [] : [before]) : begun(run, step, row)
    before = link({ index: row.index, id: row.id, status: row.status, step }, parts)
    nodes.push(before)
  }
  return { nodes, firstOf: (mapIndex: number) => chosen.get(mapIndex) }
}

function itemParts(
  workflow: CompiledWorkflow,
  run: KnownRun,
  row: KnownStep,
  { step, mapId, item }: { step: CompiledStep; mapId: string; item: Node | undefined },
): Parts {
  if (row.status !== 'pending') return begun(run, step, row, item)
  const counts = run.items.get(row.parentIndex ?? -1)
  const concurrency = limitOf(findStep(workflow, mapId)?.step)
  const isBeyond = counts !== undefined && concurrency !== null && (row.itemIndex ?? 0) >= concurrency + counts.settled
  return isBeyond
    ? { own: [waitsForTurn(row.id, mapId, { ...counts, concurrency })], isDue: false }
    : untouched(run, step, [])
}

function limitOf(map: CompiledStep | undefined): number | null {
  const limit = map?.step.config['concurrency']
  return typeof limit === 'number' ? limit : null
}

/** A step that nobody has begun. */
function untouched(run: KnownRun, step: CompiledStep, blockers: readonly Node[]): Parts {
  const [first, ...others] = blockers
  if (first === undefined) return { own: dueReasons(run, step), isDue: true }
  const next = others.reduce((most, other) => (other.persistence > most.persistence ? other : most), first)
  return { own: [], isDue: false, next }
}

/** A step that runs, retries, or is parked. */
function begun(run: KnownRun, step: CompiledStep, row: KnownStep, item?: Node): Parts {
  switch (row.status) {
    case 'running':
      return running(run, step, row)
    case 'retrying':
      return retrying(run, step, row)
    case 'waiting':
      return parked(run, step, row, item)
    default:
      return untouched(run, step, [])
  }
}

function running(run: KnownRun, step: CompiledStep, row: KnownStep): Parts {
  const fields = { worker: row.worker, since: row.startedAt, attempt: row.attempt }
  const reason = isRunning(row.id, fields, row.isAlive)
  if (!row.isAlive) return { own: [reason, ...dueReasons(run, step)], isDue: true }
  return { own: run.status === 'cancelling' ? [reason, isCancelling()] : [reason], isDue: false }
}

function retrying(run: KnownRun, step: CompiledStep, row: KnownStep): Parts {
  const at = row.retryAt ?? run.now
  const reason = waitsForRetry(row.id, { at, attempt: row.attempt, error: row.error })
  const isDue = isPast(at, run)
  return { own: [reason, ...(isDue ? dueReasons(run, step) : pausedReasons(run))], isDue }
}

/** What a parked step waits for; null where that has come, so that its job is due. */
function parked(run: KnownRun, step: CompiledStep, row: KnownStep, item: Node | undefined): Parts {
  const reason = parkedReason(run, step, row)
  const isWoken = row.wakeAt !== null && isPast(row.wakeAt, run)
  if (reason !== null && !isWoken) return { own: [reason, ...pausedReasons(run)], isDue: false, next: item }
  const due = isBaseless(run, row, { reason, isWoken })
    ? [isUnexplained(`step ${row.id} waits, although what it waits for is not there any more`)]
    : dueReasons(run, step)
  return { own: reason === null ? due : [reason, ...due], isDue: true }
}

/** A map goes on by itself when its items have settled; all else must be woken. */
function isBaseless(run: KnownRun, row: KnownStep, now: { reason: Reason | null; isWoken: boolean }): boolean {
  return now.reason === null && !now.isWoken && row.waitingFor?.kind !== 'items' && run.isQuiet && canStart(run)
}

function parkedReason(run: KnownRun, step: CompiledStep, { id, index, waitingFor, wakeAt }: KnownStep): Reason | null {
  switch (waitingFor?.kind) {
    case 'timer':
      // Without a time to be woken at, it would wait for ever.
      return wakeAt === null ? null : waitsForTime(id, waitingFor.until)
    case 'event': {
      const { match } = step.step.config
      const fields = { name: waitingFor.event, ...(typeof match === 'string' ? { match } : {}) }
      return waitsForEvent(id, { ...fields, expires_at: wakeAt })
    }
    case 'approval':
      return approvalReason(run, id, waitingFor.approval_id)
    case 'run': {
      const status = run.childRuns.get(waitingFor.run_id) ?? null
      const isOver = status === null ? run.isQuiet : isFinished(status)
      return isOver ? null : waitsForRun(id, { run_id: waitingFor.run_id, status })
    }
    case 'items': {
      const counts = run.items.get(index)
      if (counts === undefined || counts.settled >= counts.total) return null
      return waitsForItems(id, { ...counts, concurrency: limitOf(step) })
    }
    case undefined:
      return null
  }
}

function approvalReason(run: KnownRun, stepId: string, approvalId: string): Reason | null {
  const approval = run.approvals.get(approvalId)
  if (approval === undefined) return null
  const { approvers, quorum, approvedBy, expiresAt } = approval
  return waitsForApproval(stepId, {
    approval_id: approvalId,
    approvers,
    quorum,
    approved_by: approvedBy,
    expires_at: expiresAt,
  })
}

/** Why a step whose job should come up has not begun. */
function dueReasons(run: KnownRun, { id, queue, action }: Pick<CompiledStep, 'id' | 'queue' | 'action'>): Reason[] {
  const wide = wideReasons(run)
  if (wide.length > 0) return wide
  if (run.queue.lost.has(id)) return [isUnexplained(`step ${id} does not begin, for the queue has no job of it`)]
  if (run.queue.paused.has(queue)) return [waitsForQueue(`Queue ${queue} has been paused, so step ${id} is not taken.`)]
  const able = run.workers.filter(
    (worker) => worker.queues.includes(queue) && (action === null || worker.actions.includes(action)),
  )
  const serving = run.workers.filter((worker) => worker.queues.includes(queue))
  const slots = serving.reduce((sum, worker) => sum + worker.concurrency, 0)
  const busy = (run.queue.active.get(queue) ?? 0) >= slots ? able.length : 0
  const alone = serving.length > able.length ? action : null
  return [waitsForWorker(id, { queue, action: alone, alive: able.length, busy })]
}

/** What keeps every step of the run from beginning. */
function wideReasons(run: KnownRun): Reason[] {
  if (run.status === 'paused') return [isPaused()]
  if (run.held?.kind === 'start') return [waitsForStart(run.held.at)]
  if (run.held?.kind === 'slot') {
    const { key, limit, heldBy, ahead } = run.held
    return [waitsForSlot({ key, limit, held_by: heldBy, ahead })]
  }
  return run.queue.trouble === null ? [] : [waitsForQueue(run.queue.trouble)]
}

function pausedReasons(run: KnownRun): Reason[] {
  return run.status === 'paused' ? [isPaused()] : []
}

/** Whether a step of the run could begin, were it due. */
function canStart(run: KnownRun): boolean {
  return wideReasons(run).length === 0
}

function isPast(time: string, run: KnownRun): boolean {
  return Date.parse(time) <= Date.parse(run.now)
}

function runReasons(run: KnownRun, nodes: readonly Node[]): Reason[] {
  const reasons = wideReasons(run)
  if (run.status === 'cancelling') reasons.unshift(isCancelling())
  if (nodes.length > 0 || reasons.some(({ kind }) => kind !== 'cancelling')) return reasons
  if (run.queue.isRootLost) {
    const what = 'the run does not end, although all of its steps have settled: the queue has no job for that'
    return [...reasons, isUnexplained(what)]
  }
  return run.workers.length === 0
    ? [...reasons, { kind: 'worker', queue: 'runs', action: null, alive: 0, busy: 0, text: NOBODY_ENDS_IT }]
    : reasons
}

const NOBODY_ENDS_IT = 'All steps have settled, and the run waits for a worker to end it: none is alive.'

function show(node: Node, most: number): ExplainedStep {
  const chain = chainOf(node, most)
  const [first, last] = [chain[0], chain.at(-1)]
  const text = first === last ? first?.text : `${first?.text} ${last?.text}`
  return { step_id: node.id, status: node.status, text: text ?? '', chain }
}

function chainOf(node: Node, most: number): Reason[] {
  const chain: Reason[] = []
  let at = node
  for (let links = 0; ; links += 1) {
    chain.push(...at.own)
    if (at.next === null || at.link === null) return chain
    if (links === most - 1 && at.depth > 1) {
      const root = rootOf(at)
      const jump = waitsForStep(at.id, { step_id: root.id, status: root.status, skipped: at.depth - 1 })
      return [...chain, jump, ...root.own]
    }
    chain.push(at.link)
    at = at.next
  }
}

function endText({ status, error }: KnownRun): string {
  return `The run is ${status}${error === null ? '' : `: ${error}`}.`
}

function runText(run: KnownRun, reasons: readonly Reason[], nodes: readonly Node[]): string {
  const how = `The run is ${run.status}`
  if (reasons.length > 0) return reasons.map((reason) => reason.text).join(' ')
  const [first, ...others] = nodes
  if (first === undefined) return `${how}: all of its steps have settled, and it is about to end.`
  const most = others.reduce((top, other) => (other.persistence > top.persistence ? other : top), first)
  const root = rootOf(most).own.at(-1)
  return `${how}: ${count(nodes.length, 'step')} ${nodes.length === 1 ? 'has' : 'have'} not settled. ${root?.text ?? ''}`
}
