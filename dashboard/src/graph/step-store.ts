import type { Step } from '../api/shapes.ts'

/**
 * The steps of a run, of which each part of the graph listens only to its own: an update of one step draws one node, and
 * the edges at it, however many there are. States: `update` replaces what is known and tells those who listen to a step
 * that looks different now; `all` hears of every update that changed anything.
 */
export class StepStore {
  private steps = new Map<string, Step>()
  private undoing = new Map<string, Step>()
  private selected: string | undefined
  private readonly listeners = new Map<string, Set<() => void>>()
  private readonly forAll = new Set<() => void>()

  constructor(steps: readonly Step[] = []) {
    this.update(steps)
  }

  /** Takes the steps as they are now. Returns the ids of those that look different. */
  update(steps: readonly Step[]): string[] {
    const changed = new Set<string>()
    const next = new Map<string, Step>()
    const undoing = new Map<string, Step>()
    for (const step of steps) {
      const { step_id: id, parent_step_id: parent } = step
      if (parent === null) {
        const before = this.steps.get(id)
        const looksSame = before !== undefined && isAlike(before, step)
        next.set(id, looksSame ? before : step)
        if (!looksSame) changed.add(id)
      } else if (id === `${parent}.compensate`) {
        undoing.set(parent, step)
        if (this.undoing.get(parent)?.status !== step.status) changed.add(parent)
      }
    }
    for (const id of this.steps.keys()) if (!next.has(id)) changed.add(id)
    for (const id of this.undoing.keys()) if (!undoing.has(id)) changed.add(id)
    this.steps = next
    this.undoing = undoing
    this.tell(changed)
    return [...changed]
  }

  /** Marks a step as the selected one. */
  select(id: string | undefined): void {
    if (id === this.selected) return
    const changed = new Set([this.selected, id].filter((one) => one !== undefined))
    this.selected = id
    this.tell(changed)
  }

  /** A step of the definition; the same object as long as it looks the same. */
  readonly get = (id: string): Step | undefined => this.steps.get(id)

  /** Whether the step is the selected one. */
  isSelected(id: string): boolean {
    return id === this.selected
  }

  /** The step that undoes a step, where there is one. */
  undoingOf(id: string): Step | undefined {
    return this.undoing.get(id)
  }

  /** Calls `listener` when one of these steps looks different, until the returned function is called. */
  listen(ids: readonly string[], listener: () => void): () => void {
    for (const id of ids) {
      const known = this.listeners.get(id)
      if (known === undefined) this.listeners.set(id, new Set([listener]))
      else known.add(listener)
    }
    return () => {
      for (const id of ids) this.listeners.get(id)?.delete(listener)
    }
  }

  /** Calls `listener` when any step looks different, until the returned function is called. */
  readonly listenToAll = (listener: () => void): (() => void) => {
    this.forAll.add(listener)
    return () => this.forAll.delete(listener)
  }

  private tell(changed: ReadonlySet<string>): void {
    if (changed.size === 0) return
    const due = new Set(this.forAll)
    for (const id of changed) for (const listener of this.listeners.get(id) ?? []) due.add(listener)
    for (const listener of due) listener()
  }
}

/** Whether two states of a step are drawn alike. A stream that begins anew tells all steps in new objects. */
function isAlike(a: Step, b: Step): boolean {
  if (a === b) return true
  return (
    a.status === b.status &&
    a.started_at === b.started_at &&
    a.completed_at === b.completed_at &&
    a.retry_count === b.retry_count &&
    a.child_run_id === b.child_run_id &&
    a.error_message === b.error_message &&
    a.reason === b.reason &&
    a.waiting_for?.kind === b.waiting_for?.kind &&
    a.items?.total === b.items?.total &&
    a.items?.completed === b.items?.completed &&
    a.items?.failed === b.items?.failed &&
    a.items?.skipped === b.items?.skipped
  )
}
