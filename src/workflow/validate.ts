import type { Definition } from './definition.ts'
import { draftOf, readDraft, type Draft } from './draft.ts'
import type { Json } from './json-value.ts'
import { LIMITS } from './limits.ts'
import { outputTypesOf, type ValueType } from './output-types.ts'
import { checkContained } from './contained-workflows.ts'
import { planWorkflow, type Plan } from './plan.ts'
import { pointer, ProblemList, type Problem } from './problems.ts'
import { findUnreachable } from './reachability.ts'
import { checkGraph, upstreamOf, type Graph } from './validate-graph.ts'
import { checkBinding, type Surroundings } from './validate-places.ts'
import { checkSchemas } from './validate-schemas.ts'
import { checkShape, isUnreadable } from './validate-shape.ts'
import { checkSteps, type ActionCatalog } from './validate-steps.ts'
import { checkTriggers } from './validate-triggers.ts'

/** The answer of a validation: a definition with its plan, or all that is wrong. */
export type Validation =
  { valid: true; errors: []; definition: Definition; plan: Plan } | { valid: false; errors: Problem[] }

/**
 * Validates a definition as it came from outside: shape, graph, reachability, configuration by type, bindings and
 * expressions, triggers, schemas. All problems come in one answer, also those of parts that stand beside malformed ones.
 * With `catalog` null, names of actions are not checked. Never throws. 10,000 steps take well under 2 s.
 */
export function validateDefinition(raw: unknown, catalog: ActionCatalog | null): Validation {
  const problems = new ProblemList()
  const definition = checkShape(raw, problems)
  if (definition !== null) checkMeaning(draftOf(definition), catalog, problems)
  else if (isWorthReading(raw)) checkMeaning(readDraft(raw), catalog, problems)
  checkContained(raw, problems)
  if (definition === null || !problems.isEmpty) return { valid: false, errors: problems.toArray() }
  return { valid: true, errors: [], definition, plan: planWorkflow(definition) }
}

/** With too many steps the one problem is told and the rest is not looked at. */
function isWorthReading(raw: unknown): boolean {
  if (typeof raw !== 'object' || raw === null || isUnreadable(raw)) return false
  const { steps } = raw as { steps?: unknown }
  return !Array.isArray(steps) || steps.length <= LIMITS.steps
}

function checkMeaning(draft: Draft, catalog: ActionCatalog | null, problems: ProblemList): void {
  const graph = checkGraph(draft, problems)
  checkReachability(graph, problems)
  const typesOf = typesIn(draft, graph, catalog)
  checkSteps(graph, { isUpstream: upstreamOf(graph), typesOf, catalog }, problems)
  checkWorkflowBindings(draft, graph, typesOf, problems)
  checkTriggers(draft, problems)
  checkSchemas(draft, problems)
}

/** What is known of the input and of each step's output, found out when it is first needed. */
function typesIn(draft: Draft, graph: Graph, catalog: ActionCatalog | null): Surroundings['typesOf'] {
  const { inputSchema } = draft
  const known = new Map<string | null, ValueType[]>([
    [null, inputSchema === undefined ? [] : [{ kind: 'schema', schema: inputSchema, closed: false }]],
  ])
  const schemaOfAction = (name: string): Json | undefined =>
    catalog?.actions.get(name)?.outputSchema as Json | undefined
  return (id) => {
    const step = id === null ? undefined : graph.steps[graph.byId.get(id) ?? -1]
    const types = known.get(id) ?? (step === undefined ? [] : outputTypesOf(step, schemaOfAction))
    known.set(id, types)
    return types
  }
}

function checkReachability(graph: Graph, problems: ProblemList): void {
  const steps = graph.steps.map(({ id, type, join, when, config }) => {
    const expression = type === 'condition' ? config?.['expression'] : undefined
    return { id, type, join, when, expression: typeof expression === 'string' ? expression : undefined }
  })
  for (const { step, place, reason } of findUnreachable({ steps, edges: graph.edges, order: graph.order })) {
    const path = place === null ? pointer('steps', step) : pointer('steps', step, 'depends_on', place)
    problems.add('unreachable_step', path, `step "${graph.steps[step]?.id ?? '?'}" can never execute: ${reason}`)
  }
}

/** `output` sees every step; `concurrency.key` none, since it is evaluated before the run begins. */
function checkWorkflowBindings(
  { output, concurrencyKey }: Draft,
  graph: Graph,
  typesOf: Surroundings['typesOf'],
  problems: ProblemList,
): void {
  const hasStep = (id: string): boolean => graph.byId.has(id)
  const around = { stepId: null, ids: graph.byId, hasStep, extra: [], typesOf }
  if (output !== undefined) checkBinding(output, '/output', { ...around, isUpstream: () => true }, problems)
  if (concurrencyKey === undefined) return
  const path = '/concurrency/key'
  if (!concurrencyKey.includes('$')) {
    const message = `"${concurrencyKey}" is the same for every run; write $input.${concurrencyKey}, or leave the key out`
    problems.add('invalid_binding', path, message)
    return
  }
  const before = new ProblemList()
  checkBinding(concurrencyKey, path, { ...around, isUpstream: () => false }, before)
  const isLate = 'the key is evaluated before the run begins: it may use $input, $context and $order'
  for (const { code, message } of before.toArray()) {
    problems.add(code, path, message.includes('is not upstream') ? `${concurrencyKey}: ${isLate}` : message)
  }
}
