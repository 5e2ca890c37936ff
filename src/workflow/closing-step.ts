import type { CompiledStep, CompiledWorkflow } from './compile.ts'

/**
 * The step whose job sees to the end of a run, so that its flow needs no root job for that: the only step on which no other
 * depends. When its job is done, every other step has settled before. Null: the root job ends the run.
 */
export function closingStepOf({ sinks, steps }: CompiledWorkflow): CompiledStep | null {
  const [sink, ...others] = sinks
  return sink === undefined || others.length > 0 ? null : steps[sink]!
}
