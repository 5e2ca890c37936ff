/** How the tests' workflows are cut into jobs: TEST_SEQUENCING=segment runs the tests of the engine with segments. */
const SEQUENCING = process.env['TEST_SEQUENCING'] ?? 'step'

/** A definition, or the body of a request that has one, with the sequencing that is tested where it does not choose. */
export function withSequencing<Value>(value: Value): Value {
  if (SEQUENCING === 'step' || typeof value !== 'object' || value === null) return value
  if ('definition' in value) return { ...value, definition: withSequencing(value.definition) }
  const isDefinition = 'steps' in value && 'name' in value
  return isDefinition ? { sequencing: SEQUENCING, ...value } : value
}
