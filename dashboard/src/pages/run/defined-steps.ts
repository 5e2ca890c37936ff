/** A step as a definition writes it. */
export type DefinedStep = Record<string, unknown>

/** The steps that a definition writes down: items and compensations are made by these. */
export function definedSteps({ steps }: Record<string, unknown>): DefinedStep[] {
  return Array.isArray(steps) ? (steps as DefinedStep[]) : []
}

/** The step of the definition that an item or a compensation belongs to: `ship` of `ship[3].compensate`. */
export function definedId(stepId: string): string {
  return stepId.replace(/[[.].*$/, '')
}

/** Whether a definition says how to undo a step, or the items of a map. */
export function canBeUndone({ compensate, config }: DefinedStep): boolean {
  if (compensate !== undefined) return true
  const item = (config as { step?: DefinedStep } | undefined)?.step
  return item !== undefined && canBeUndone(item)
}
