import { compileBinding } from './bindings.ts'
import type { Definition } from './definition.ts'
import { parseExpression } from './expressions.ts'
import type { Json } from './json-value.ts'
import { placesOf, type PlacedStep } from './step-config.ts'

/**
 * Ids of the steps whose outputs (or status, or error) a step needs to be decided and executed: named in its `input`,
 * `when`, the conditions of its edges, and wherever its type has bindings or expressions in `config`, a map's inner step
 * included. In no particular order, each once. Coarse: an expression that asks only for a status names the step too.
 */
export function neededOutputs(step: PlacedStep): string[] {
  return stepsNamed(placesOf(step).filter((place) => !place.isAfter))
}

/** Like {@link neededOutputs}, for the step's compensation; its own id may be among them. */
export function neededForCompensation(step: PlacedStep): string[] {
  return stepsNamed(placesOf(step).filter((place) => place.isAfter))
}

/** Ids of the steps that the workflow's `output` names. */
export function neededForOutput({ output }: Pick<Definition, 'output'>): string[] {
  return output === undefined ? [] : stepsNamed([{ kind: 'binding', value: output }])
}

function stepsNamed(places: readonly { kind: 'binding' | 'condition' | 'choice'; value: Json }[]): string[] {
  const ids = new Set<string>()
  for (const { kind, value } of places) {
    for (const id of kind === 'binding' ? stepsOfBinding(value) : stepsOfExpression(value)) ids.add(id)
  }
  return [...ids]
}

function stepsOfExpression(text: Json): readonly string[] {
  const parsed = typeof text === 'string' ? parseExpression(text) : null
  return parsed?.ok === true ? parsed.expression.referencedSteps : []
}

function stepsOfBinding(value: Json): string[] {
  return compileBinding(value).references.flatMap((found) => {
    if (found.kind === 'expression') return found.expression.referencedSteps
    return found.reference.stepId === null ? [] : [found.reference.stepId]
  })
}
