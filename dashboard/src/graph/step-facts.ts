import type { Step } from '../api/shapes.ts'
import { STATUS_LOOKS } from '../parts/status.ts'

/** How often a step was tried, where that says something: `2/4`. */
export function triesText({ retry_count: retries, max_retries: most, status }: Step): string | null {
  if (retries === 0 && status !== 'retrying') return null
  return `${retries + 1}/${most + 1}`
}

/** How far a map has come: `142/150 ok · 3 failed`. */
export function itemsText({ items }: Step): string | null {
  if (items === null) return null
  const ok = `${items.completed}/${items.total} ok`
  return items.failed === 0 ? ok : `${ok} · ${items.failed} failed`
}

/** A step in words, for those who do not see its box. */
export function stepLabel(id: string, does: string, step: Step | undefined): string {
  if (step === undefined) return `${id}, ${does}`
  return `${id}: ${stepFacts(step).join(', ')}`
}

/** What is known of a step besides its times, in words: status, items, tries. */
export function stepFacts(step: Step): string[] {
  const tries = triesText(step)
  const facts = [STATUS_LOOKS[step.status].word, itemsText(step), tries === null ? null : `try ${tries}`]
  return facts.filter((text) => text !== null)
}
