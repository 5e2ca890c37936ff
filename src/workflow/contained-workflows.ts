import { MOST_VERSIONS, WORKFLOW_NAME } from './definition.ts'
import type { Json } from './json-value.ts'
import { LIMITS } from './limits.ts'
import { pointer, type ProblemList } from './problems.ts'

/** A workflow that a step of another runs as a child. */
export interface ContainedWorkflow {
  workflow: string
  /** Null: the latest when the step starts. */
  version: number | null
  /** JSON Pointer of the step; within a map, of its inner step. */
  path: string
}

/**
 * The workflows that a definition contains, also within maps, in the order of its steps. What is malformed is left out;
 * never throws.
 */
export function containedWorkflows(definition: unknown): ContainedWorkflow[] {
  const { steps } = objectOf(definition as Json)
  if (!Array.isArray(steps) || steps.length > LIMITS.steps) return []
  return steps.flatMap((step, index) => {
    const found = containedIn(step, ['steps', index])
    return found === null ? [] : [found]
  })
}

/** A step contains one workflow at most: it is a `workflow`, or a map of such. */
function containedIn(step: Json | undefined, path: readonly (string | number)[]): ContainedWorkflow | null {
  const { type, config } = objectOf(step)
  const { workflow, version, step: inner } = objectOf(config)
  // What nests deeper is refused as a whole.
  if (path.length > LIMITS.jsonDepth) return null
  if (type === 'map') return containedIn(inner, [...path, 'config', 'step'])
  if (type !== 'workflow' || typeof workflow !== 'string' || !WORKFLOW_NAME.test(workflow)) return null
  if (version === undefined) return { workflow, version: null, path: pointer(...path) }
  return isVersion(version) ? { workflow, version, path: pointer(...path) } : null
}

function isVersion(version: Json): version is number {
  return Number.isInteger(version) && (version as number) >= 1 && (version as number) <= MOST_VERSIONS
}

/** Refuses steps that run the latest version of their own workflow: that is the one being validated. */
export function checkContained(definition: unknown, problems: ProblemList): void {
  const name = nameOf(definition)
  for (const { workflow, version, path } of containedWorkflows(definition)) {
    if (workflow === name && version === null) problems.add('cycle', path, containsItself([name, name]))
  }
}

/** The name of a definition; null where it has none. */
export function nameOf(definition: unknown): string | null {
  const { name } = (typeof definition === 'object' && definition !== null ? definition : {}) as { name?: unknown }
  return typeof name === 'string' ? name : null
}

/** The message of a workflow that contains itself; `names` leads from it back to it. */
export function containsItself(names: readonly string[]): string {
  return `the workflow contains itself, so a run would never end: ${names.join(' -> ')}`
}

function objectOf(value: Json | undefined): { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}
