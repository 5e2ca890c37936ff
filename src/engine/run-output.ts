import type { RunCompletion, StepResult } from '../db/commit.ts'
import type { StepStatus } from '../workflow/states.ts'
import { resolveBinding } from '../workflow/bindings.ts'
import type { CompiledWorkflow } from '../workflow/compile.ts'
import type { Json } from '../workflow/definition.ts'
import type { Scope } from '../workflow/expressions.ts'
import { LIMITS } from '../workflow/limits.ts'
import type { Activation } from './activate.ts'

/** The output of a run: the workflow's `output` binding, or the outputs of the steps that no other depends on, by id. */

/** JSON text of some steps' outputs by id, from their JSON texts; null where that is beyond the limit. */
export function outputsById(
  workflow: CompiledWorkflow,
  steps: readonly number[],
  outputs: readonly (string | null | undefined)[],
): string | null {
  const entries = steps.map(
    (index, position) => `${JSON.stringify(workflow.steps[index]!.id)}:${outputs[position] ?? 'null'}`,
  )
  const text = `{${entries.join(',')}}`
  return Buffer.byteLength(text) > LIMITS.outputBytes ? null : text
}

/** What a binding sees of a step, from the JSON text of its output. */
export function viewOf(status: StepStatus, output: string | null | undefined, error: string | null) {
  return { status, output: output === null || output === undefined ? null : (JSON.parse(output) as Json), error }
}

/** JSON text of a binding's value. Throws where it has none, or a larger one than the limit. */
export function boundOutput(binding: Json, scope: Scope): string {
  const text = JSON.stringify(resolveBinding(binding, scope))
  if (Buffer.byteLength(text) <= LIMITS.outputBytes) return text
  throw new Error(`it is ${Buffer.byteLength(text)} bytes, more than the limit of ${LIMITS.outputBytes}`)
}

/**
 * How a run ends with the result of a step, as far as can be told without a read: where it is the only step that no other
 * depends on, so that all others have settled before it, and the output is made from nothing else. Null: its root job
 * sees to the end.
 */
export function completionOfRun(
  { run, workflow, step, row, child }: Activation,
  result: StepResult,
): RunCompletion | null {
  const { sinks, outputNeeds, outputNeedsOrder, definition } = workflow
  const isLast = child === null && sinks.length === 1 && sinks[0] === step.index
  if (!isLast || outputNeedsOrder || outputNeeds.some((need) => need !== step.index)) return null
  const { epoch } = row
  if (definition.output === undefined) return { epoch, output: outputsById(workflow, sinks, [result.output]) }
  try {
    const view = viewOf('completed', result.output, null)
    const steps = (id: string) => (id === step.id ? view : undefined)
    return {
      epoch,
      output: boundOutput(definition.output, { input: run.input, context: run.context, order: null, steps }),
    }
  } catch {
    // The root job tells why.
    return null
  }
}
