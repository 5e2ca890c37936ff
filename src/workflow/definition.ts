import { z } from 'zod'
import { LIMITS } from './limits.ts'

/**
 * The workflow format (docs/workflow-format.md) as zod schemas: shape, defaults and ranges. What needs to look at more
 * than one place (cycles, bindings, expressions, per-type configuration) is in validate.ts.
 */

/** Any JSON value. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/** Any JSON value, as a schema: what `input`, `output` and other bindings may hold. */
export const jsonSchema: z.ZodType<Json> = z.json() as z.ZodType<Json>

export const JOINS = ['all', 'any', 'none_failed', 'always'] as const
export type Join = (typeof JOINS)[number]

/** Types that mean something of their own; any other type is the name of an action. */
export const STEP_TYPES = [
  'task',
  'condition',
  'parallel',
  'join',
  'approval',
  'human_gate',
  'wait',
  'wait_event',
  'map',
  'workflow',
  'http',
  'tool_call',
  'transform',
  'shell',
  'llm',
  'agent',
  'agent_call',
] as const
export type StepType = (typeof STEP_TYPES)[number]

/** Step types that this version can execute; the others validate, but a run of them is refused. */
export const EXECUTABLE_STEP_TYPES = ['task', 'condition', 'parallel', 'join', 'transform'] as const satisfies readonly StepType[]

/** Letters that a workflow name may have. */
export const WORKFLOW_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/
/** Letters that a step id may have. */
export const STEP_ID = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/
/** Letters that a queue name may have: it becomes part of a BullMQ queue's name, where a colon is not allowed. */
export const QUEUE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

const seconds = z.number().min(0).max(10 * 365 * 24 * 3600)
const positiveSeconds = z.number().positive().max(10 * 365 * 24 * 3600)
const expression = z.string().min(1)

/** One edge: a step id, or a step with the condition under which the edge is active. */
export const dependencySchema = z.union([
  z.string(),
  z.strictObject({ step: z.string(), when: expression.optional(), branch: z.string().optional() }),
])

export const retrySchema = z.strictObject({
  backoff: z.enum(['fixed', 'exponential']).default('fixed'),
  delay_seconds: seconds.default(1),
  factor: z.number().min(1).max(100).default(2),
  max_delay_seconds: seconds.default(60),
  jitter: z.number().min(0).max(1).default(0),
})
export type Retry = z.output<typeof retrySchema>

export const compensateSchema = z.strictObject({ action: z.string().min(1), input: jsonSchema.optional() })

export const stepSchema = z.strictObject({
  id: z.string().regex(STEP_ID, 'an id is a letter or _ followed by at most 63 letters, digits, _ or -'),
  type: z.string().min(1).max(128).default('task'),
  config: z.record(z.string(), jsonSchema).default({}),
  input: jsonSchema.optional(),
  depends_on: z.array(dependencySchema).default([]),
  join: z.enum(JOINS).default('all'),
  when: expression.optional(),
  on_error: z.enum(['fail', 'continue']).default('fail'),
  retry: retrySchema.prefault({}),
  timeout_seconds: positiveSeconds.optional(),
  queue: z.string().regex(QUEUE_NAME, 'a queue is named by 1 to 64 letters, digits, . _ or -').default('default'),
  priority: z.int().min(0).max(9).default(5),
  compensate: compensateSchema.optional(),
})

export const triggerSchema = z.union([
  z.strictObject({
    type: z.literal('cron'),
    cron: z.string().min(1),
    timezone: z.string().optional(),
    input: jsonSchema.optional(),
    overlap: z.enum(['skip', 'allow']).optional(),
    paused: z.boolean().optional(),
  }),
  z.strictObject({ type: z.literal('webhook'), input: jsonSchema.optional() }),
])

export const definitionSchema = z.strictObject({
  name: z.string().regex(WORKFLOW_NAME, 'a name is a letter or digit followed by at most 127 letters, digits, . _ or -'),
  description: z.string().max(10_000).optional(),
  input_schema: z.union([z.record(z.string(), jsonSchema), z.boolean()]).optional(),
  on_failure: z.enum(['stop', 'finish']).default('stop'),
  timeout_seconds: positiveSeconds.optional(),
  concurrency: z.strictObject({ limit: z.int().min(1).max(1_000_000), key: z.string().optional() }).optional(),
  sequencing: z.enum(['step', 'segment']).default('step'),
  output: jsonSchema.optional(),
  triggers: z.array(triggerSchema).default([]),
  steps: z.array(stepSchema).min(1).max(LIMITS.steps),
})

/** A definition as a user writes it, defaults left out. */
export type DefinitionInput = z.input<typeof definitionSchema>
/** A valid definition with every default filled in. */
export type Definition = z.output<typeof definitionSchema>
/** One step of a {@link Definition}. */
export type Step = Definition['steps'][number]
/** One edge in its long form. */
export interface Dependency {
  step: string
  when?: string | undefined
  branch?: string | undefined
}

/** The edges of a step, each in its long form, in the order of the definition. */
export function dependenciesOf(step: Pick<Step, 'depends_on'>): Dependency[] {
  return step.depends_on.map((edge) => (typeof edge === 'string' ? { step: edge } : edge))
}

/** Whether a type is one of the format's own; otherwise it is the name of an action. */
export function isStepType(type: string): type is StepType {
  return (STEP_TYPES as readonly string[]).includes(type)
}

/** How many times a failed attempt of the step is repeated (`config.max_retries`, default 0). */
export function maxRetriesOf(step: Pick<Step, 'config'>): number {
  const value = step.config['max_retries']
  return typeof value === 'number' ? value : 0
}

/**
 * The name of the action that the step executes, or null where the type itself says what to do (and for a task
 * without an action, which only simulates work).
 */
export function actionOf(step: Pick<Step, 'type' | 'config'>): string | null {
  if (step.type === 'task') {
    const action = step.config['action']
    return typeof action === 'string' ? action : null
  }
  return isStepType(step.type) ? null : step.type
}
