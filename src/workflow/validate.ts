import type { Definition } from './definition.ts'
import { draftOf, readDraft, type Draft } from './draft.ts'
import { schemaFaults } from './input.ts'
import { LIMITS } from './limits.ts'
import { planWorkflow, type Plan } from './plan.ts'
import { pointer, ProblemList, type Problem } from './problems.ts'
import { findUnreachable } from './reachability.ts'
import { checkGraph, upstreamOf, type Graph } from './validate-graph.ts'
import { checkBinding } from './validate-places.ts'
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
  checkSteps(graph, upstreamOf(graph), catalog, problems)
  checkWorkflowBindings(draft, graph, problems)
  checkTriggers(draft.triggers, problems)
  if (draft.inputSchema === undefined) return
  for (const { path, message } of schemaFaults(draft.inputSchema)) {
    problems.add('invalid_definition', `/input_schema${path}`, `is no JSON Schema 2020-12: ${message}`)
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
function checkWorkflowBindings({ output, concurrencyKey }: Draft, graph: Graph, problems: ProblemList): void {
  const hasStep = (id: string): boolean => graph.byId.has(id)
  const around = { stepId: null, ids: graph.byId, hasStep, extra: [] }
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
