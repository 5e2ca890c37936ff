import type { Step } from '../../api/shapes.ts'
import { shortId } from '../../parts/short-id.ts'

/** What to know of a step in one line: why it failed or was skipped, what it waits for, else what it is. */
export function stepNote(step: Step): string {
  if (step.status === 'failed' || step.status === 'retrying') return step.error_message ?? kindOf(step)
  if (step.reason !== null) return step.reason
  if (step.items !== null) return itemsText(step.items)
  if (step.waiting_for !== null) return waitText(step.waiting_for)
  return kindOf(step)
}

/** What a step is: its action, else its type. */
export function kindOf({ action, type }: Pick<Step, 'action' | 'type'>): string {
  return action === null || action === type ? type : `${type}: ${action}`
}

/** How far the items of a map have come: `142 of 150 items completed, 3 failed`. */
export function itemsText({ total, completed, failed, skipped }: NonNullable<Step['items']>): string {
  const more = [failed > 0 ? `${failed} failed` : '', skipped > 0 ? `${skipped} skipped` : ''].filter(Boolean)
  return [`${completed} of ${total} ${total === 1 ? 'item' : 'items'} completed`, ...more].join(', ')
}

function waitText(waiting: NonNullable<Step['waiting_for']>): string {
  switch (waiting.kind) {
    case 'timer':
      return `waits until ${waiting.until}`
    case 'approval':
      return 'waits for a decision'
    case 'event':
      return `waits for event ${waiting.event}`
    case 'run':
      return `waits for child run ${shortId(waiting.run_id)}`
    case 'items':
      return `waits for ${waiting.count} items`
  }
}
