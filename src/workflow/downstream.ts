/** A step and all that depend on it, directly or not, by index: the step first, each once. */
export function downstreamOf(dependents: readonly (readonly number[])[], step: number): number[] {
  const found = new Set([step])
  // A set is walked in the order of insertion, what is added meanwhile too.
  for (const index of found) {
    for (const dependent of dependents[index] ?? []) found.add(dependent)
  }
  return [...found]
}
