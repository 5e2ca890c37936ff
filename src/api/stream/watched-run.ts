import type { RunDetail } from '../../db/run-queries.ts'
import type { RunState, StepState } from '../../db/run-states.ts'
import type { CompiledWorkflow } from '../../workflow/compile.ts'
import { isFinished } from '../../workflow/states.ts'
import { showRun } from '../schemas/run.ts'
import { showStepOf, showSteps } from '../step-view.ts'
import { Message } from './message.ts'

/** What a reading has found to be new. */
export interface RunNews {
  /** Indexes of steps. */
  steps: readonly number[]
  /** Whether the run itself has changed, beyond its progress, which its steps tell. */
  isRunNew: boolean
}

/** One run as it was last read: what is told to clients is taken from here, however many there are. */
export class WatchedRun {
  private detail: RunDetail
  private readonly workflow: CompiledWorkflow
  private rows = new Map<number, StepState>()
  /** Indexes of the items of each map, in order. */
  private items = new Map<number, Set<number>>()
  private childRuns: ReadonlyMap<number, string> = new Map()
  /** Of steps, since the last reading. */
  private readonly messages = new Map<number, Message>()
  /** Of a large run it is large, and needed only while clients take it. */
  private readonly whole = new Map<string, WeakRef<Message>>()
  /** Whether no further line is to be expected of a finished run. */
  isLogComplete = false

  constructor(detail: RunDetail, workflow: CompiledWorkflow) {
    this.detail = detail
    this.workflow = workflow
  }

  get isFinished(): boolean {
    return isFinished(this.detail.status)
  }

  get completedAt(): Date | null {
    return this.detail.completedAt
  }

  /** Takes over what was read: of all steps (`isWhole`) or of some. `detail`: where the payloads were read, too. */
  update(state: RunState, isWhole: boolean, detail: RunDetail | undefined): RunNews {
    const { steps, childRuns, ...run } = state
    const before = fingerprint(this.detail)
    this.detail = { ...(detail ?? this.detail), ...run }
    this.messages.clear()
    this.whole.clear()
    const news = new Set(this.updateSteps(steps))
    for (const [index, id] of childRuns) if (this.childRuns.get(index) !== id && this.rows.has(index)) news.add(index)
    this.childRuns = childRuns
    const isAnyGone = isWhole && this.keepOnly(steps)
    return { steps: [...news], isRunNew: isAnyGone || before !== fingerprint(this.detail) }
  }

  /** The run with its steps, as event `run` or `end`. */
  runMessage(event: 'run' | 'end'): Message {
    const known = this.whole.get(event)?.deref()
    if (known !== undefined) return known
    const rows = [...this.rows.values()].sort((a, b) => a.stepIndex - b.stepIndex)
    const message = new Message(event, showRun(this.detail, showSteps(this.workflow, rows, this.childRuns)))
    this.whole.set(event, new WeakRef(message))
    return message
  }

  /** A step; null where it is gone. */
  stepMessage(index: number): Message | null {
    const known = this.messages.get(index)
    if (known !== undefined) return known
    const row = this.rows.get(index)
    const view = row === undefined ? null : this.showStep(row)
    if (view === null) return null
    const message = new Message('step', view)
    this.messages.set(index, message)
    return message
  }

  private showStep(row: StepState) {
    const items = this.items.get(row.stepIndex)
    return showStepOf(this.workflow, row, {
      items: items && [...items].flatMap((index) => this.rows.get(index) ?? []),
      childRunId: this.childRuns.get(row.stepIndex),
    })
  }

  /** Returns the steps that differ from what was known, and the maps of items that do. */
  private *updateSteps(steps: readonly StepState[]): Iterable<number> {
    for (const step of steps) {
      const { stepIndex, parentIndex, itemIndex } = step
      const known = this.rows.get(stepIndex)
      if (known !== undefined && isSame(known, step)) continue
      this.rows.set(stepIndex, step)
      yield stepIndex
      if (parentIndex === null || itemIndex === null) continue
      const siblings = this.items.get(parentIndex) ?? new Set()
      this.items.set(parentIndex, siblings.add(stepIndex))
      yield parentIndex
    }
  }

  /** Forgets the steps that are gone: a retry removes what a map or a compensation had added. */
  private keepOnly(steps: readonly StepState[]): boolean {
    if (steps.length === this.rows.size) return false
    const there = new Set(steps.map((step) => step.stepIndex))
    for (const [index, { parentIndex }] of this.rows) {
      if (there.has(index)) continue
      this.rows.delete(index)
      if (parentIndex !== null) this.items.get(parentIndex)?.delete(index)
    }
    for (const [index, items] of this.items) if (items.size === 0) this.items.delete(index)
    return true
  }
}

function fingerprint({ status, error, compensation, startAt, deadlineAt, startedAt, completedAt }: RunDetail): string {
  return JSON.stringify([status, error, compensation, startAt, deadlineAt, startedAt, completedAt])
}

function isSame(a: StepState, b: StepState): boolean {
  return (
    a.status === b.status &&
    a.attempt === b.attempt &&
    a.retryCount === b.retryCount &&
    a.startedAt?.getTime() === b.startedAt?.getTime() &&
    a.completedAt?.getTime() === b.completedAt?.getTime() &&
    a.error?.message === b.error?.message &&
    a.reason === b.reason &&
    a.outputBytes === b.outputBytes &&
    JSON.stringify(a.waitingFor) === JSON.stringify(b.waitingFor)
  )
}
