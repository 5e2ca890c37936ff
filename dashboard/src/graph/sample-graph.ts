import { definitionSchema, type DefinitionInput } from '../../../src/workflow/definition.ts'
import { planSummary, planWorkflow } from '../../../src/workflow/plan.ts'
import type { Step } from '../api/shapes.ts'
import { type GraphModel, graphOf } from './graph-model.ts'

/** For tests: the graph of steps that are given by id, with what each depends on. */
export function sampleGraph(
  steps: Record<string, NonNullable<DefinitionInput['steps'][number]['depends_on']>>,
): GraphModel {
  const raw = {
    name: 'sample',
    steps: Object.entries(steps).map(([id, dependsOn]) => ({ id, depends_on: dependsOn })),
  }
  const definition = definitionSchema.parse(raw)
  const ids = definition.steps.map(({ id }) => id)
  return graphOf(raw, planSummary(planWorkflow(definition), ids))
}

/** For tests: a step of a run as the API tells it. */
export function sampleStep(step_id: string, rest: Partial<Step> = {}): Step {
  return {
    step_id,
    step_index: 0,
    type: 'task',
    action: null,
    status: 'pending',
    depends_on: [],
    attempt: 0,
    retry_count: 0,
    max_retries: 0,
    started_at: null,
    completed_at: null,
    error_message: null,
    reason: null,
    output_bytes: null,
    parent_step_id: null,
    waiting_for: null,
    items: null,
    child_run_id: null,
    ...rest,
  }
}

/** For tests: a time `seconds` after a fixed moment, as the API writes it. */
export function at(seconds: number): string {
  return new Date(Date.UTC(2026, 10, 21, 10) + seconds * 1000).toISOString()
}
