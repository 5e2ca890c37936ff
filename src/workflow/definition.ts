import { z } from 'zod'
import { isJson, type Json } from './json-value.ts'
import { LIMITS } from './limits.ts'

export type { Json } from './json-value.ts'

/**
 * The workflow format (docs/workflow-format.md) as zod schemas: shape, defaults and ranges. What needs to look at more
 * than one place (cycles, bindings, expressions, per-type configuration) is in validate.ts.
 */

/** Any JSON value that can be stored, as a schema: what `input`, `output` and other bindings may hold. */
export const jsonSchema = z.unknown().refine(isJson, 'expected a JSON value') as z.ZodType<Json, Json>

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
export const EXECUTABLE_STEP_TYPES = [
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
] as const satisfies readonly StepType[]

/** Letters that a workflow name may have. */
export const WORKFLOW_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/
/** No workflow has a version above this one: it is the largest number that Postgres can store there. */
export const MOST_VERSIONS = 2_147_483_647
/** Letters that a step id may have. */
export const STEP_ID = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/
/** Letters that a queue name may have: it becomes part of a BullMQ queue's name, where a colon is not allowed. */
export const QUEUE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** Ten years: what is longer than that is a mistake. */
const MOST_SECONDS = 10 * 365 * 24 * 3600
/** A delay in seconds, which may be 0. */
export const seconds = z.number().min(0).max(MOST_SECONDS)
/** A span of time in seconds, above 0. */
export const positiveSeconds = z.number().positive().max(MOST_SECONDS)
/** A CEL expression; its length and syntax are checked in validate.ts, which can say more. */
export const expression = z.string().min(1)

/** One edge: a step id, or a step with the condition under which the edge is active. */
export const dependencySchema = z.union([
  z.string().min(1),
  z.strictObject({
    step: z.string().min(1),
    when: expression.optional().describe('CEL: the edge is active only where this is true'),
    branch: z.string().optional().describe('the edge is active only where the condition step chose this branch'),
  }),
])

export const retrySchema = z.strictObject({
  backoff: z.enum(['fixed', 'exponential']).default('fixed'),
  delay_seconds: seconds.default(1).describe('delay before the second attempt'),
  factor: z.number().min(1).max(100).default(2).describe('growth of the delay from attempt to attempt'),
  max_delay_seconds: seconds.default(60),
  jitter: z.number().min(0).max(1).default(0).describe('share of the delay that is random'),
})
export type Retry = z.output<typeof retrySchema>

export const compensateSchema = z.strictObject({
  action: z.string().min(1).describe('the action that undoes the step'),
  input: jsonSchema.optional(),
})

/** A JSON Schema; validate.ts checks that it is one. */
const schemaSchema = z.union([z.record(z.string(), jsonSchema), z.boolean()])

export const stepSchema = z.strictObject({
  id: z.string().regex(STEP_ID, 'an id is a letter or _ followed by at most 63 letters, digits, _ or -'),
  type: z.string().min(1).max(128).default('task').describe('a type of the format, or the name of an action'),
  config: z.record(z.string(), jsonSchema).default({}).describe('parameters of the type'),
  input: jsonSchema.optional().describe('binding: what the action receives'),
  depends_on: z.array(dependencySchema).default([]),
  join: z
    .enum(JOINS)
    .default('all')
    .describe('which outcomes of the dependencies let the step execute: all, any, none_failed, always'),
  when: expression.optional().describe('CEL: false skips the step'),
  on_error: z.enum(['fail', 'continue']).default('fail'),
  retry: retrySchema.prefault({}),
  timeout_seconds: positiveSeconds.optional().describe('of one attempt'),
  queue: z
    .string()
    .regex(QUEUE_NAME, 'a queue is named by 1 to 64 letters, digits, . _ or -')
    .default('default')
    .describe('which worker pool takes the step'),
  priority: z.int().min(0).max(9).default(5).describe('among waiting steps, 9 first'),
  compensate: compensateSchema.optional(),
  output_schema: schemaSchema.optional().describe('JSON Schema 2020-12 that the output of the step must meet'),
})

/** The step that a `map` runs for each item: a step without id and dependencies. */
export const mapStepSchema = stepSchema.omit({ id: true, depends_on: true, join: true })

export const cronTriggerSchema = z.strictObject({
  type: z.literal('cron'),
  cron: z.string().min(1).describe('minute, hour, day of month, month, day of week'),
  timezone: z.string().optional().describe('IANA name, default UTC'),
  input: jsonSchema.optional(),
  overlap: z.enum(['skip', 'allow']).optional(),
  paused: z.boolean().optional(),
})
const webhookTriggerSchema = z.strictObject({ type: z.literal('webhook'), input: jsonSchema.optional() })

export const triggerSchema = z.discriminatedUnion('type', [cronTriggerSchema, webhookTriggerSchema])
export type Trigger = z.output<typeof triggerSchema>
/** A trigger that starts runs at certain times. */
export type CronTrigger = z.output<typeof cronTriggerSchema>

export const concurrencySchema = z.strictObject({
  limit: z.int().min(1).max(1_000_000),
  key: z.string().min(1).optional(),
})

export const definitionSchema = z.strictObject({
  name: z
    .string()
    .regex(WORKFLOW_NAME, 'a name is a letter or digit followed by at most 127 letters, digits, . _ or -')
    .describe('identifies the workflow; a changed definition under the same name is a new version'),
  description: z.string().max(10_000).optional(),
  input_schema: schemaSchema.optional().describe('JSON Schema 2020-12 that the input of a run must meet'),
  on_failure: z
    .enum(['stop', 'finish'])
    .default('stop')
    .describe('stop: once a step has failed no further step executes; finish: other branches go on'),
  timeout_seconds: positiveSeconds.optional().describe('the run fails when it lasts longer'),
  concurrency: concurrencySchema.optional().describe('at most `limit` unfinished runs, per value of `key`'),
  sequencing: z.enum(['step', 'segment']).default('step'),
  output: jsonSchema
    .optional()
    .describe('binding: the output of the run; default: the outputs of the sink steps, by id'),
  triggers: z.array(triggerSchema).max(100).default([]),
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
  if (step.type === 'http' || step.type === 'tool_call') return 'http'
  return isStepType(step.type) ? null : step.type
}

/** The binding of what a step works with: of a request its `config`, of any other its `input`; undefined for none. */
export function inputBindingOf(step: Pick<Step, 'type' | 'config' | 'input'>): Json | undefined {
  return step.type === 'http' || step.type === 'tool_call' ? step.config : step.input
}
