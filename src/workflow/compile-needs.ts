import { compileBinding } from './bindings.ts'
import { parseExpression, type Expression } from './expressions.ts'
import type { Json } from './json-value.ts'
import type { Place } from './step-config.ts'

/** What must be read from the database before some bindings and expressions can be evaluated. */
export interface Needs {
  /** Steps by index, ascending. */
  steps: number[]
  /** Whether they read the order that is attached to the run. */
  order: boolean
}

/**
 * Finds what bindings and expressions name. Throws an Error on one that is malformed, or names a step that is not there:
 * validation finds these first.
 */
export function needsOf(places: readonly Pick<Place, 'kind' | 'value'>[], indexOf: ReadonlyMap<string, number>): Needs {
  const ids = new Set<string>()
  let order = false
  const addExpression = (expression: Expression): void => {
    for (const id of expression.referencedSteps) ids.add(id)
    order ||= expression.variables.has('order')
  }
  for (const place of places) {
    if (place.kind !== 'binding') {
      addExpression(requireExpression(place.value))
      continue
    }
    for (const found of requireBinding(place.value).references) {
      if (found.kind === 'expression') addExpression(found.expression)
      else if (found.reference.stepId !== null) ids.add(found.reference.stepId)
      else order ||= found.reference.kind === 'order'
    }
  }
  const steps = [...ids].map((id) => requireIndex(id, indexOf))
  return { steps: steps.toSorted((a, b) => a - b), order }
}

function requireExpression(value: Json): Expression {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const parsed = parseExpression(text)
  if (parsed.ok) return parsed.expression
  throw new Error(`${text}: ${parsed.problems.map((problem) => problem.message).join('; ')}`)
}

function requireBinding(value: Json) {
  const binding = compileBinding(value)
  if (binding.faults.length === 0) return binding
  throw new Error(binding.faults.map((fault) => fault.message).join('; '))
}

function requireIndex(id: string, indexOf: ReadonlyMap<string, number>): number {
  const index = indexOf.get(id)
  if (index === undefined) throw new Error(`there is no step ${id}`)
  return index
}
