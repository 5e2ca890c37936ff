import type { CompiledStep, CompiledWorkflow } from './compile.ts'

/** The step whose job runs a step: another one only for a later step of a segment. */
export function carrierOf({ steps, plan }: CompiledWorkflow, step: CompiledStep): CompiledStep {
  // Items and compensations are not among the definition's steps: each has a job of its own.
  if (steps[step.index]?.id !== step.id) return step
  return steps[plan.carrier[step.index]!]!
}
