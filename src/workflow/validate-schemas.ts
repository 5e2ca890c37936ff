import type { Draft } from './draft.ts'
import { schemaFaults } from './input.ts'
import type { Json } from './json-value.ts'
import { LIMITS } from './limits.ts'
import { itemStepOf, type TypedStep } from './output-types.ts'
import { pointer, type ProblemList } from './problems.ts'

/** Checks that `input_schema` and every `output_schema` are JSON Schemas, and that steps which declare one have an output. */
export function checkSchemas(draft: Draft, problems: ProblemList): void {
  if (draft.inputSchema !== undefined) checkSchema(draft.inputSchema, '/input_schema', problems)
  const seen = new Set<string>()
  for (const { schema, type, path } of draft.steps.flatMap((step) => declaredIn(step, ['steps', step.index]))) {
    if (type === 'parallel' || type === 'join') {
      problems.add('invalid_definition', path, `a ${type} step has no output that a schema could describe`)
      continue
    }
    seen.add(JSON.stringify(schema))
    if (seen.size <= LIMITS.outputSchemas) checkSchema(schema, path, problems)
  }
  if (seen.size <= LIMITS.outputSchemas) return
  const [found, allowed] = [seen.size, LIMITS.outputSchemas].map((number) => number.toLocaleString('en'))
  problems.add('limit_exceeded', '/steps', `${found} different output schemas, more than the ${allowed} allowed`)
}

interface Declared {
  schema: Json
  type: string | undefined
  path: string
}

/** The output schemas of a step and of its inner steps. */
function declaredIn(step: TypedStep, path: readonly (string | number)[]): Declared[] {
  const { type, outputSchema } = step
  const own =
    outputSchema === undefined ? [] : [{ schema: outputSchema, type, path: pointer(...path, 'output_schema') }]
  const inner = itemStepOf(step)
  return inner === null ? own : [...own, ...declaredIn(inner, [...path, 'config', 'step'])]
}

function checkSchema(schema: Json, place: string, problems: ProblemList): void {
  for (const { path, message } of schemaFaults(schema)) {
    problems.add('invalid_definition', place + path, `is no JSON Schema 2020-12: ${message}`)
  }
}
