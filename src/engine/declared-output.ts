import type { CompiledStep } from '../workflow/compile.ts'
import type { Json } from '../workflow/definition.ts'
import { LIMITS } from '../workflow/limits.ts'
import { outputFault } from '../workflow/output-schema.ts'
import { PermanentFailure } from './permanent-failure.ts'
import { checkInTime, takesTooLong, TookTooLong } from './time-limit.ts'

/** The part of a result that is looked at: its output as JSON text; null for none. */
interface WithOutput {
  output: string | null
}

/**
 * The result, where it meets the step's `output_schema`. Throws a {@link PermanentFailure} `invalid_output` where it does
 * not: what was declared is what the steps downstream were checked against, and no retry would mend the schema.
 */
export function requireDeclared<T extends WithOutput>({ id, step }: CompiledStep, result: T): T {
  if (step.output_schema === undefined) return result
  const fault = faultInTime(step, result.output === null ? null : (JSON.parse(result.output) as Json))
  if (fault === null) return result
  throw new PermanentFailure('invalid_output', `the output of step ${id} does not match its output_schema: ${fault}`)
}

/** The outcome; throws as {@link requireDeclared} where it is a completion that does not meet the schema. */
export function requireDeclaredOutcome<T extends { kind: string; result?: WithOutput }>(
  step: CompiledStep,
  outcome: T,
): T {
  if (outcome.result !== undefined) requireDeclared(step, outcome.result)
  return outcome
}

function faultInTime(step: CompiledStep['step'], output: Json): string | null {
  try {
    return checkInTime(step.output_schema ?? true, () => outputFault(step, output))
  } catch (error) {
    if (!(error instanceof TookTooLong)) throw error
    return `to check it ${takesTooLong(LIMITS.schemaCheckMs)}`
  }
}
